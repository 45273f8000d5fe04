"""A client that registered itself is a client: it signs people in, in each way of proving who it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.idp.register.conftest import Registrar
from tests.listener import Reply
from tests.portal_client import Landing, PortalClient, Registration, client_key, refusal

KEY = client_key("RS256", "registered")


def client_of(registrar: Registrar, **metadata: Any) -> tuple[PortalClient, dict[str, Any]]:
    """Register a client and return it, ready to work, with what it was told."""
    told = registrar.registered(grant_types=["authorization_code", "refresh_token"], **metadata)
    table = {"token_endpoint_auth_signing_alg": "RS256", **told}
    registration = Registration(told["client_id"], KEY, table, "https://site.example")
    provider = registrar.provider
    return PortalClient(registration, provider.issuer, provider.client("alpha").http, provider.clock), told


def redeemed(client: PortalClient, told: dict[str, Any], landing: Landing) -> httpx.Response:
    """Redeem a code, proving in the registered way who asks."""
    method, url = told["token_endpoint_auth_method"], f"{client.issuer}/token"
    form = {name: value for name, value in client.redemption(landing).items() if value is not None}
    if method == "client_secret_basic":
        return client.http.post(url, data=form, auth=(told["client_id"], told["client_secret"]))
    if method == "client_secret_post":
        own = {"client_id": told["client_id"], "client_secret": told["client_secret"]}
        return client.http.post(url, data={**form, **own})
    if method == "none":
        return client.http.post(url, data={**form, "client_id": told["client_id"]})
    # The registered key has no kid, and so the assertion has none (RFC 7515 4.1.4).
    return client.exchange(landing, client_assertion=client.assertion(header={"kid": None}))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"])
def test_a_person_signs_in_at_a_client_that_registered_itself(registrar: Registrar, method: str) -> None:
    public = {name: value for name, value in KEY.as_dict(private=False).items() if name not in ("kid", "use", "alg")}
    jwks = {"keys": [public]} if method == "private_key_jwt" else None
    client, told = client_of(registrar, token_endpoint_auth_method=method, jwks=jwks)
    landing = client.sign_in(registrar.provider.visitor(), scope="openid profile id_number")
    answer = redeemed(client, told, landing)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    # id_number is not for strangers.
    assert tokens["scope"] == "openid profile"
    header, claims = registrar.provider.read(tokens["id_token"])
    assert (header["alg"], claims["aud"]) == ("RS256", told["client_id"])
    assert client.userinfo(tokens["access_token"]).json()["sub"] == claims["sub"]


def test_another_secret_is_refused(registrar: Registrar) -> None:
    client, told = client_of(registrar)
    landing = client.sign_in(registrar.provider.visitor())
    assert refusal(redeemed(client, {**told, "client_secret": "wrong"}, landing), 401) == "invalid_client"
    assert redeemed(client, told, landing).status_code == 200


def test_what_was_granted_goes_with_the_client_rfc7592_2_3(registrar: Registrar) -> None:
    client, told = client_of(registrar)
    tokens = redeemed(client, told, client.sign_in(registrar.provider.visitor())).json()
    assert client.userinfo(tokens["access_token"]).status_code == 200
    assert registrar.manage("DELETE", told).status_code == 204
    assert client.userinfo(tokens["access_token"]).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    response = client.http.post(f"{client.issuer}/token", data=form, auth=(told["client_id"], told["client_secret"]))
    assert refusal(response, 401) == "invalid_client"


def test_a_client_that_is_gone_is_told_of_no_log_out_any_more_rfc7592_2_3(registrar: Registrar) -> None:
    provider = registrar.provider
    path = "/backchannel-logout/gone"
    provider.listener.replies[path] = Reply(503)
    uri = f"http://gone.localhost:{provider.listener.port}{path}"
    client, told = client_of(registrar, backchannel_logout_uri=uri)
    visitor = provider.visitor()
    hint = redeemed(client, told, client.sign_in(visitor)).json()["id_token"]
    assert visitor.get(f"/end_session?id_token_hint={hint}").status_code == 200
    provider.listener.wait(path)
    assert registrar.manage("DELETE", told).status_code == 204
    sid = provider.read(hint)[1]["sid"]
    session_id = provider.run(provider.parts.stores.sign_ins.get(sid)).session_id
    [row] = provider.run(provider.parts.stores.deliveries.of_session(session_id))
    assert (row.state, row.outcome) == ("given_up", "client_removed")
