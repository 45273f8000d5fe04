"""Which clients that registered themselves are one party, and who vouches for it (Core 8.1, OpenID Registration 5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.model import RegisteredClient
from idp.oauth.registered_client import registered_client
from idp.oauth.subject import Subjects
from tests.idp.register.conftest import Registrar
from tests.idp.register.metadata import MINIMAL, SITE, VISITOR, accepted
from tests.listener import Reply
from tests.portal_client import refusal

TWO_HOSTS = [f"{SITE}/callback", "https://other.example/callback"]
SUBJECTS = Subjects(b"a secret of thirty-two bytes ....")


def sub(client_id: str = "c1", **metadata: Any) -> str:
    """Return the subject of one person at a client with that metadata."""
    row = RegisteredClient(client_id, accepted(MINIMAL, VISITOR, **metadata), "hash", 0, 0.0)
    return SUBJECTS.of("li", registered_client(row))


def test_clients_of_one_host_see_one_sub_and_others_another_core_8_1() -> None:
    one = sub("c1")
    assert sub("c2", redirect_uris=["https://SITE.example:8443/other"]) == one
    assert sub("c3", redirect_uris=["https://other.example/callback"]) != one


def test_the_host_of_a_sector_identifier_uri_makes_the_sector_core_8_1() -> None:
    sector = {"sector_identifier_uri": f"{SITE}/sector.json"}
    assert sub("c1", redirect_uris=TWO_HOSTS, **sector) == sub("c2", redirect_uris=["https://third.example/"], **sector)
    assert sub("c1", redirect_uris=TWO_HOSTS, **sector) == sub("c3")


def test_applications_on_peoples_devices_are_sectors_of_their_own() -> None:
    native = {"application_type": "native", "token_endpoint_auth_method": "none"}
    for uri in ("http://localhost:9/callback", "com.example.app:/callback"):
        assert sub("c1", redirect_uris=[uri], **native) != sub("c2", redirect_uris=[uri], **native)
    sector = {"sector_identifier_uri": f"{SITE}/sector.json"}
    assert sub("c1", redirect_uris=["com.example.app:/x"], **native, **sector) == sub("c2")


def test_nobody_gets_at_a_portals_subjects_by_a_host_of_that_name(registrar: Registrar) -> None:
    portal = registrar.provider.run(registrar.provider.parts.clients.find("alpha"))
    assert portal is not None
    assert sub(redirect_uris=["https://alpha/callback"]) != SUBJECTS.of("li", portal)


def sector_at(registrar: Registrar, reply: Reply) -> str:
    """Let the sector's list be answered so, and return its address."""
    registrar.provider.listener.replies["/sector.json"] = reply
    return f"http://sector.localhost:{registrar.provider.listener.port}/sector.json"


def test_a_list_of_all_redirect_uris_vouches_for_several_hosts_registration_5(registrar: Registrar) -> None:
    listed = json.dumps([*TWO_HOSTS, "https://third.example/callback"]).encode()
    uri = sector_at(registrar, Reply(body=listed))
    answer = registrar.registered(redirect_uris=TWO_HOSTS, sector_identifier_uri=uri)
    assert answer["sector_identifier_uri"] == uri


def test_several_hosts_without_a_list_are_a_sector_of_their_own() -> None:
    alone = sub("c1", redirect_uris=TWO_HOSTS)
    assert alone == sub("c1", redirect_uris=[*TWO_HOSTS, "https://third.example/"])
    assert alone not in (sub("c2", redirect_uris=TWO_HOSTS), sub("c3"), sub("c4", redirect_uris=TWO_HOSTS[1:]))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=json.dumps(TWO_HOSTS[:1]).encode()),
        Reply(body=json.dumps([uri.upper() for uri in TWO_HOSTS]).encode()),
        Reply(body=json.dumps({"redirect_uris": TWO_HOSTS}).encode()),
        Reply(body=json.dumps([*TWO_HOSTS, 7]).encode()),
        Reply(body=b"[]"),
        Reply(body=b"["),
        Reply(body=b"[" * 60_000),
        Reply(body=b"\xff"),
        Reply(body=json.dumps(TWO_HOSTS).encode() + b" " * 70_000),
        Reply(status=404, body=json.dumps(TWO_HOSTS).encode()),
        Reply(body=json.dumps(TWO_HOSTS).encode(), content_type="text/html"),
    ],
    ids=lambda reply: f"{reply.status} {reply.content_type} {reply.body[:30]!r}",
)
def test_a_list_that_does_not_vouch_for_them_all_is_refused_registration_5(registrar: Registrar, reply: Reply) -> None:
    uri = sector_at(registrar, reply)
    response = registrar.post(redirect_uris=TWO_HOSTS, sector_identifier_uri=uri)
    assert refusal(response) == "invalid_client_metadata"
    assert "sector_identifier_uri" in response.json()["error_description"]


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[::ffff:10.0.0.1]", "127.0.0.1:1"])
def test_a_list_on_an_address_of_our_own_network_is_not_asked_for(registrar: Registrar, host: str) -> None:
    response = registrar.post(sector_identifier_uri=f"https://{host}/sector.json")
    assert refusal(response) == "invalid_client_metadata"
    assert "may not be asked" in response.json()["error_description"]


def test_a_change_is_vouched_for_again(registrar: Registrar) -> None:
    uri = sector_at(registrar, Reply(body=json.dumps(TWO_HOSTS[:1]).encode()))
    client = registrar.registered(redirect_uris=TWO_HOSTS[:1], sector_identifier_uri=uri)
    changed = registrar.put(client, redirect_uris=TWO_HOSTS, sector_identifier_uri=uri)
    assert refusal(changed) == "invalid_client_metadata"
    assert registrar.manage("GET", client).json()["redirect_uris"] == TWO_HOSTS[:1]


def test_nothing_else_is_fetched_at_registration(registrar: Registrar) -> None:
    listener = registrar.provider.listener
    at = f"http://keys.localhost:{listener.port}"
    paths = ("/some-jwks", "/some-request", "/some-logo", "/some-policy")
    jwks_uri, request_uri, logo_uri, policy_uri = (f"{at}{path}" for path in paths)
    registrar.registered(jwks_uri=jwks_uri, request_uris=[request_uri], logo_uri=logo_uri, policy_uri=policy_uri)
    assert [listener.received(path) for path in paths] == [[]] * 4
