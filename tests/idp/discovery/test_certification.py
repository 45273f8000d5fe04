"""Discovery and behaviour agree where everything is on, member by member (Discovery 3, RFC 8414 2)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws

from idp.features import CERTIFICATION
from idp.oauth.signing import Algorithms
from tests.idp.authorize.answers import posted_to_client
from tests.idp.discovery.test_discovery import KNOWN
from tests.idp.provider import Provider
from tests.listener import Listener, Reply
from tests.portal_client import PortalClient, Registration, refusal
from tests.visitor import Visitor
from tests.web.dpop_signer import claims_of, header_of, signed

FURTHER = {
    "registration_endpoint", "check_session_iframe", "frontchannel_logout_supported",
    "frontchannel_logout_session_supported", "userinfo_signing_alg_values_supported",
    "authorization_signing_alg_values_supported", "request_object_signing_alg_values_supported",
}  # fmt: skip
AUTH = ("client_secret_basic", "client_secret_post", "none")
OUR_ALGS = ("RS256", "ES256")
CLIENT_ALGS = ("ES256", "RS256", "PS256", "EdDSA")


def clients(listener: Listener) -> list[Registration]:
    """Return a client for each way of authentication and each algorithm, and one for every response_type."""
    port = listener.port
    request_uri = f"http://by-es256.localhost:{port}/request"
    signers = [
        Registration.make(
            f"by-{alg.lower()}", port, alg=alg, request_object_signing_alg=alg, request_uris=[request_uri]
        )
        for alg in CLIENT_ALGS
    ]
    ours = [
        Registration.make(
            f"gets-{alg.lower()}", port, id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg,
            authorization_signed_response_alg=alg, frontchannel_logout_uri=f"http://gets-{alg.lower()}.localhost:{port}/f",
            frontchannel_logout_session_required=True,
        )
        for alg in OUR_ALGS
    ]  # fmt: skip
    every = Registration.make(
        "every", port, response_types=list(CERTIFICATION.response_types), require_pkce=False,
        grant_types=["authorization_code", "refresh_token", "implicit"],
    )  # fmt: skip
    return [*(Registration.make(auth, port, auth=auth, jwks=None) for auth in AUTH), *signers, *ours, every]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("certified"), clients, idp_features="certification") as running:
        yield running


@pytest.fixture(scope="module")
def document(certified: Provider) -> dict[str, Any]:
    """The discovery document."""
    found: dict[str, Any] = certified.get("/.well-known/openid-configuration").json()
    return found


@pytest.fixture(scope="module")
def someone(certified: Provider) -> Visitor:
    """A browser at which li.beijing is signed in."""
    visitor = certified.visitor()
    certified.client("every").sign_in(visitor)
    return visitor


def _sent(client: PortalClient, someone: Visitor, **changes: str | None) -> dict[str, str]:
    """Return what a request is answered with, in the query or in the fragment."""
    response = someone.follow(client.authorize(someone, client.ask(**changes)))
    location = urlsplit(response.headers["location"])
    return dict(parse_qsl(location.fragment or location.query))


def test_only_registered_members_are_there_and_none_is_empty_discovery_3(document: dict[str, Any]) -> None:
    assert set(document) <= KNOWN | FURTHER
    assert set(document) >= FURTHER
    assert all(value not in ("", [], None) for value in document.values())


def test_every_endpoint_answers_as_itself_discovery_3(certified: Provider, document: dict[str, Any]) -> None:
    expected = {
        "authorization_endpoint": 400, "token_endpoint": 405, "userinfo_endpoint": 401, "jwks_uri": 200,
        "introspection_endpoint": 405, "revocation_endpoint": 405, "end_session_endpoint": 200,
        "pushed_authorization_request_endpoint": 405, "registration_endpoint": 405, "check_session_iframe": 200,
    }  # fmt: skip
    assert {name: certified.get(urlsplit(document[name]).path).status_code for name in expected} == expected


@pytest.mark.parametrize("response_type", CERTIFICATION.response_types)
def test_each_response_type_works(
    response_type: str, certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    assert document["response_types_supported"] == list(CERTIFICATION.response_types)
    sent = _sent(certified.client("every"), someone, response_type=response_type)
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    assert {names[one] for one in response_type.split()} <= set(sent)


def test_other_response_types_are_refused(certified: Provider, someone: Visitor) -> None:
    for other in ("token", "none", "code code", "id_token id_token"):
        assert _sent(certified.client("every"), someone, response_type=other)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("mode", CERTIFICATION.response_modes)
def test_each_response_mode_works(mode: str, certified: Provider, document: dict[str, Any], someone: Visitor) -> None:
    assert mode in document["response_modes_supported"]
    client = certified.client("every")
    if "form_post" in mode:
        sent = posted_to_client(client.authorize(someone, client.ask(response_mode=mode)), client.redirect_uri)
    else:
        sent = _sent(client, someone, response_mode=mode)
    assert ("response" if mode.endswith("jwt") else "code") in sent


def test_other_response_modes_are_refused(certified: Provider, someone: Visitor) -> None:
    for other in ("web_message", "QUERY", "query.JWT"):
        assert _sent(certified.client("every"), someone, response_mode=other)["error"] == "invalid_request"


@pytest.mark.parametrize("method", AUTH)
def test_each_way_of_client_authentication_works_where_it_is_advertised(
    method: str, certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    client = certified.client(method)
    assert method in document["token_endpoint_auth_methods_supported"]
    answer = client.tokens(someone).answer
    assert method in document["revocation_endpoint_auth_methods_supported"]
    asked = client.introspect(answer["access_token"])
    assert (asked.status_code == 200) is (method in document["introspection_endpoint_auth_methods_supported"])
    assert client.revoke(answer["access_token"]).status_code == 200


@pytest.mark.parametrize("alg", CLIENT_ALGS)
def test_each_algorithm_of_clients_is_taken_in_assertions_and_request_objects(
    alg: str, certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    # HS256 is that of client_secret_jwt: tests/idp/register/test_client_secret_jwt.py.
    assert document["token_endpoint_auth_signing_alg_values_supported"] == [*CLIENT_ALGS, "HS256"]
    assert set(document["request_object_signing_alg_values_supported"]) == set(CLIENT_ALGS)
    client = certified.client(f"by-{alg.lower()}")
    assert client.tokens(someone).id_token
    asked = client.ask()
    inner = {**asked.parameters, "iss": client.client_id, "aud": certified.issuer}
    header = {"alg": alg, "kid": client.registration.key.kid}
    with_object = jws.serialize_compact(header, json.dumps(inner), client.registration.key, registry=Algorithms([alg]))
    outer = {"scope": "openid", "state": None, "redirect_uri": None, "nonce": None}
    assert "code" in _sent(client, someone, request=with_object, **outer)


@pytest.mark.parametrize("alg", OUR_ALGS)
def test_each_algorithm_of_ours_signs_what_it_is_advertised_for(
    alg: str, certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    for what in ("id_token", "userinfo", "authorization"):
        assert document[f"{what}_signing_alg_values_supported"] == list(OUR_ALGS)
    client = certified.client(f"gets-{alg.lower()}")
    tokens = client.tokens(someone)
    assert certified.read(tokens.id_token)[0]["alg"] == alg
    told = client.userinfo(tokens.access_token)
    assert told.headers["content-type"] == "application/jwt"
    assert certified.read(told.text)[0]["alg"] == alg
    assert certified.read(_sent(client, someone, response_mode="jwt")["response"])[0]["alg"] == alg


def test_request_objects_are_fetched_from_where_they_are_registered_and_nowhere_else(
    certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    assert document["request_uri_parameter_supported"] is document["require_request_uri_registration"] is True
    client = certified.client("by-es256")
    [uri] = client.registration.table["request_uris"]
    asked = client.ask()
    inner = json.dumps({**asked.parameters, "iss": client.client_id, "aud": certified.issuer})
    header = {"alg": "ES256", "kid": client.registration.key.kid}
    token = jws.serialize_compact(header, inner, client.registration.key, registry=Algorithms(["ES256"]))
    certified.listener.replies["/request"] = Reply(200, token.encode(), "application/oauth-authz-req+jwt")
    assert _sent(client, someone, request_uri=uri)["state"] == asked.parameters["state"]
    assert _sent(client, someone, request_uri=f"{uri}2")["error"] == "invalid_request_uri"


def test_the_claims_parameter_counts_as_promised(
    certified: Provider, document: dict[str, Any], someone: Visitor
) -> None:
    assert document["claims_parameter_supported"] is True
    client = certified.client("by-es256")
    asked = '{"userinfo":{"name":null},"id_token":{"home_region":null}}'
    tokens = client.tokens(someone, scope="openid", claims=asked)
    assert "home_region" in certified.read(tokens.id_token)[1]
    assert "name" in client.userinfo(tokens.access_token).json()


def test_each_scope_and_claim_is_told_of_somebody_who_has_them_all(
    certified: Provider, document: dict[str, Any]
) -> None:
    client = certified.client("by-es256")
    visitor = certified.visitor()
    scope = " ".join(document["scopes_supported"])
    tokens = client.tokens(visitor, "every.claim", scope=scope, prompt="consent")
    assert set(tokens.answer["scope"].split()) == set(document["scopes_supported"])
    told = {*certified.read(tokens.id_token)[1], *client.userinfo(tokens.access_token).json()}
    assert set(document["claims_supported"]) <= told


def test_grant_types_are_those_advertised(certified: Provider, document: dict[str, Any], someone: Visitor) -> None:
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token", "implicit"]
    client = certified.client("every")
    # Implicit is a grant of the authorization endpoint alone (RFC 6749 4.2).
    for other in ("implicit", "password", "client_credentials"):
        assert refusal(client.call("/token", {"grant_type": other})) == "unsupported_grant_type"


def test_proofs_of_each_advertised_algorithm_are_taken(certified: Provider, document: dict[str, Any]) -> None:
    uri, client = document["pushed_authorization_request_endpoint"], certified.client("every")
    for alg in document["dpop_signing_alg_values_supported"]:
        nonce = certified.parts.proofs.nonce()
        claims = claims_of(htu=uri, iat=int(certified.clock()), jti=secrets.token_hex(8), nonce=nonce)
        proof = signed(header_of(alg), claims, alg=alg)
        assert client.call("/par", client.ask().parameters, headers={"dpop": proof}).status_code == 201


def test_registration_is_open_as_promised_in_the_demonstration(certified: Provider, document: dict[str, Any]) -> None:
    client = certified.client("every")
    metadata = {"redirect_uris": ["https://rp.example/callback"]}
    assert client.http.post(document["registration_endpoint"], json=metadata).status_code == 201


def test_log_out_in_the_front_channel_and_session_state_work_as_promised(
    certified: Provider, document: dict[str, Any]
) -> None:
    assert document["frontchannel_logout_supported"] is document["frontchannel_logout_session_supported"] is True
    visitor, client = certified.visitor(), certified.client("gets-es256")
    landing = client.sign_in(visitor)
    assert landing.parameters["session_state"].count(".") == 1
    tokens = client.exchange(landing).json()
    page = client.end_session(visitor, id_token_hint=tokens["id_token"])
    sid = certified.read(tokens["id_token"])[1]["sid"]
    assert f"sid={sid}" in page.text


PROOFS: dict[str, Callable[..., None]] = {
    "registration_endpoint": test_registration_is_open_as_promised_in_the_demonstration,
    "check_session_iframe": test_every_endpoint_answers_as_itself_discovery_3,
    "frontchannel_logout_supported": test_log_out_in_the_front_channel_and_session_state_work_as_promised,
    "frontchannel_logout_session_supported": test_log_out_in_the_front_channel_and_session_state_work_as_promised,
    "userinfo_signing_alg_values_supported": test_each_algorithm_of_ours_signs_what_it_is_advertised_for,
    "authorization_signing_alg_values_supported": test_each_algorithm_of_ours_signs_what_it_is_advertised_for,
    "request_object_signing_alg_values_supported": (
        test_each_algorithm_of_clients_is_taken_in_assertions_and_request_objects
    ),
}


def test_what_only_this_set_advertises_is_proven_here() -> None:
    assert set(PROOFS) == FURTHER
