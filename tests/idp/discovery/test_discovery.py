"""Discovery and behaviour agree, both ways: protocol point 21, Discovery 3, RFC 8414 2, RFC 9207 3."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.idp.token.conftest import authenticated
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor
from tests.web.dpop_signer import claims_of, header_of, signed
from web.dpop import ALGORITHMS

# OpenID Connect Discovery, RP-Initiated and Back-Channel Logout, Initiating User Registration 1.0,
# RFC 8414, RFC 9126, RFC 9207, RFC 9449.
KNOWN = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint",
    "revocation_endpoint", "end_session_endpoint", "scopes_supported", "response_types_supported",
    "response_modes_supported", "grant_types_supported", "subject_types_supported",
    "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported", "acr_values_supported", "prompt_values_supported",
    "claim_types_supported", "claims_supported", "claims_parameter_supported", "request_parameter_supported",
    "request_uri_parameter_supported", "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported", "backchannel_logout_supported",
    "pushed_authorization_request_endpoint", "require_pushed_authorization_requests",
    "dpop_signing_alg_values_supported", "require_request_uri_registration",
    "backchannel_logout_session_supported", "ui_locales_supported",
}  # fmt: skip


@pytest.fixture
def document(provider: Provider) -> dict[str, Any]:
    """The discovery document."""
    response = provider.get("/.well-known/openid-configuration")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def _error(client: PortalClient, visitor: Visitor, **changes: str | None) -> str | None:
    """Return the error that the authorization request is answered with, None where it is a page or a code."""
    asked = client.ask(**changes)
    response = client.authorize(visitor, asked)
    location = response.headers.get("location", "")
    return client.landing(asked, response).parameters.get("error") if "callback" in location else None


def test_only_registered_members_are_there_and_none_is_empty_discovery_3(document: dict[str, Any]) -> None:
    assert set(document) <= KNOWN
    assert all(value not in ("", [], None) for value in document.values())


def test_the_issuer_is_the_prefix_of_its_document_discovery_4_3(provider: Provider, document: dict[str, Any]) -> None:
    assert document["issuer"] == provider.issuer
    assert {urlsplit(uri)[:2] for name, uri in document.items() if name.endswith(("_endpoint", "_uri"))} == {
        urlsplit(provider.issuer)[:2]
    }


def test_another_host_header_changes_nothing(provider: Provider, client: PortalClient) -> None:
    uri = f"{provider.issuer}/.well-known/openid-configuration"
    spoofed = client.http.get(uri, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert spoofed.json()["issuer"] == provider.issuer
    assert "evil.example" not in spoofed.text


def test_every_endpoint_answers_as_itself_discovery_3(provider: Provider, document: dict[str, Any]) -> None:
    expected = {
        "authorization_endpoint": 400, "token_endpoint": 405, "userinfo_endpoint": 401, "jwks_uri": 200,
        "introspection_endpoint": 405, "revocation_endpoint": 405, "end_session_endpoint": 200,
        "pushed_authorization_request_endpoint": 405,
    }  # fmt: skip
    got = {name: provider.get(urlsplit(document[name]).path).status_code for name in expected}
    assert got == expected
    assert set(expected) == {name for name in document if name.endswith(("_endpoint", "_uri"))}


def test_what_is_not_advertised_is_not_there(provider: Provider) -> None:
    for path in ("/register", "/device_authorization", "/check_session", "/.well-known/webfinger"):
        assert provider.get(path).status_code == 404


def test_rs256_is_there_and_each_advertised_alg_signs_discovery_3(
    provider: Provider, document: dict[str, Any], client_factory: ClientFactory, visitor: Visitor
) -> None:
    signed = {provider.read(client_factory(name).tokens(visitor).id_token)[0]["alg"] for name in ("alpha", "plain")}
    assert signed == set(document["id_token_signing_alg_values_supported"]) >= {"RS256"}


def test_each_advertised_way_of_client_authentication_works(
    provider: Provider, shared_other: Provider, document: dict[str, Any]
) -> None:
    clients = [provider.client("alpha"), *(shared_other.client(f"signs-{alg}") for alg in ("rs256", "ps256", "eddsa"))]
    algs = {str(client.registration.table["token_endpoint_auth_signing_alg"]) for client in clients}
    for endpoint in ("token", "introspection", "revocation"):
        assert document[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert set(document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]) == algs
    for client in clients:
        assert authenticated(client)
        assert client.introspect("made-up").json() == {"active": False}
        assert client.revoke("made-up").status_code == 200


def test_each_advertised_grant_type_works_and_no_other(
    document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    assert client.refresh(tokens.refresh_token).status_code == 200
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token"]
    for other in ("implicit", "password", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        assert refusal(client.call("/token", {"grant_type": other, "assertion": "x"})) == "unsupported_grant_type"


def test_each_advertised_response_type_and_mode_works_and_no_other(
    document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query"]
    assert client.sign_in(visitor, response_mode="query").code
    for other in ("token", "id_token", "id_token token", "code id_token", "none"):
        assert _error(client, visitor, response_type=other) == "unsupported_response_type"
    for mode in ("fragment", "form_post", "query.jwt"):
        assert _error(client, visitor, response_mode=mode) == "invalid_request"


def test_each_advertised_scope_can_be_granted_and_each_advertised_claim_is_told(
    provider: Provider, document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    scope = " ".join(document["scopes_supported"])
    tokens = client.tokens(visitor, scope=f"{scope} unheard_of", prompt="consent")
    assert set(tokens.answer["scope"].split()) == set(document["scopes_supported"])
    told = {*provider.read(tokens.id_token)[1], *client.userinfo(tokens.access_token).json()}
    assert set(document["claims_supported"]) <= told
    # Not claims about anybody, but part of every ID token.
    assert told - set(document["claims_supported"]) <= {"at_hash", "jti"}


@pytest.mark.parametrize(
    ("username", "acr"),
    [("zhao.hebei", 1), ("zhang.hebei", 2), ("li.beijing", 3), ("chen.xiongan", 4)],
)
def test_each_advertised_acr_is_somebodys_and_asking_for_another_is_no_error_core_3_1_2_1(
    provider: Provider, document: dict[str, Any], client: PortalClient, visitor: Visitor, username: str, acr: int
) -> None:
    tokens = client.tokens(visitor, username, acr_values="urn:manyou:loa:9 urn:manyou:loa:4")
    assert provider.read(tokens.id_token)[1]["acr"] == document["acr_values_supported"][acr - 1]


def test_each_advertised_prompt_does_something_core_3_1_2_1(
    document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert set(document["prompt_values_supported"]) == {"none", "login", "consent", "select_account"}
    assert _error(client, visitor, prompt="none") == "login_required"
    client.tokens(visitor)
    assert client.sign_in(visitor, prompt="none").code
    for value, form in (("login", "login-submit"), ("select_account", "login-submit"), ("consent", "consent-allow")):
        assert form in visitor.follow(client.authorize(visitor, prompt=value)).text


def test_what_is_said_to_be_unsupported_is_refused_or_ignored_as_core_says(
    document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert document["request_parameter_supported"] is document["request_uri_parameter_supported"] is False
    assert _error(client, visitor, request="e30.e30.") == "request_not_supported"
    assert _error(client, visitor, request_uri="https://else.example/r") == "request_uri_not_supported"
    assert document["claims_parameter_supported"] is False
    assert client.sign_in(visitor, claims='{"userinfo":{"phone_number":null}}').code


def test_pkce_is_s256_alone_rfc9700_2_1_1(document: dict[str, Any], client: PortalClient, visitor: Visitor) -> None:
    assert document["code_challenge_methods_supported"] == ["S256"]
    for method in ("plain", None, "s256", "S512"):
        assert _error(client, visitor, code_challenge_method=method) == "invalid_request"


def test_pushing_is_offered_and_nobodys_duty_here_rfc9126_5(
    document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert document["require_pushed_authorization_requests"] is False
    response = client.call("/par", client.ask().parameters)
    assert response.status_code == 201
    request_uri = response.json()["request_uri"]
    assert _error(client, visitor, request_uri=request_uri) is None
    assert client.sign_in(visitor).code


def test_each_advertised_alg_of_dpop_proofs_is_taken_and_no_other_rfc9449_5_1(
    provider: Provider, document: dict[str, Any], client: PortalClient
) -> None:
    uri, algs = document["pushed_authorization_request_endpoint"], document["dpop_signing_alg_values_supported"]
    assert algs == list(ALGORITHMS)
    for alg in (*algs, "ES384", "RS256"):
        signer = alg if alg in algs else "ES256"
        nonce = provider.parts.proofs.nonce()
        claims = claims_of(htu=uri, iat=int(provider.clock()), jti=secrets.token_hex(8), nonce=nonce)
        proof = signed({**header_of(signer), "alg": alg}, claims, alg=signer)
        response = client.call("/par", client.ask().parameters, headers={"dpop": proof})
        assert (response.status_code == 201) is (alg in algs), f"{alg}: {response.text}"


def test_iss_is_in_every_answer_as_promised_rfc9207_3(
    provider: Provider, document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert document["authorization_response_iss_parameter_supported"] is True
    asked = client.ask(prompt="none")
    failed = client.landing(asked, client.authorize(visitor, asked))
    assert client.sign_in(visitor).parameters["iss"] == failed.parameters["iss"] == provider.issuer


def test_back_channel_logout_with_sid_works_as_promised_backchannel_2_1(
    provider: Provider, document: dict[str, Any], client: PortalClient, visitor: Visitor
) -> None:
    assert document["backchannel_logout_supported"] is document["backchannel_logout_session_supported"] is True
    tokens = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert provider.logout_tokens("alpha", provider.read(tokens.id_token)[1]["sid"])


def test_each_advertised_locale_is_spoken_bcp47(document: dict[str, Any], client: PortalClient) -> None:
    assert document["ui_locales_supported"] == ["zh-CN", "en"]
    for locale in document["ui_locales_supported"]:
        visitor = Visitor(client.http, client.issuer)
        page = visitor.follow(client.authorize(visitor, ui_locales=locale, state=secrets.token_hex(4)))
        assert f'<html lang="{locale}">' in page.text


def test_subjects_are_pairwise_as_promised_core_8_1(
    provider: Provider, document: dict[str, Any], client_factory: ClientFactory, visitor: Visitor
) -> None:
    assert document["subject_types_supported"] == ["pairwise"]
    answers = [Tokens(client_factory(name).tokens(visitor).answer) for name in ("alpha", "beta")]
    assert len({provider.read(one.id_token)[1]["sub"] for one in answers}) == 2


def test_both_documents_may_be_kept_a_little_and_read_from_anywhere(provider: Provider) -> None:
    for path in ("/.well-known/openid-configuration", "/jwks"):
        headers = provider.get(path).headers
        assert headers["cache-control"] == "public, max-age=60"
        assert headers["access-control-allow-origin"] == "*"
