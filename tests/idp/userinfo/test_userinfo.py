"""Userinfo: Core 5.3 and 5.4, RFC 6750; protocol point 17."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.idp.odd_tokens import ODD_NAMES, odd_tokens
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor
from web.dpop import ALGORITHMS

ALL = "openid profile real_name phone email address id_number"
OF_SCOPE: dict[str, dict[str, Any]] = {
    "openid": {},
    "profile": {"name": "李*", "home_region": "110000"},
    "real_name": {"real_name": "李明"},
    "phone": {"phone_number": "10000000001", "phone_number_verified": True},
    "email": {"email": "li.ming@example.cn", "email_verified": True},
    "address": {"address": {"formatted": "北京市示范区演示路 1 号", "country": "CN"}},
    "id_number": {"id_number": "110000190001010012"},
}


def _challenge(response: httpx.Response) -> str:
    return str(response.headers["www-authenticate"])


def _claims(client: PortalClient, visitor: Visitor, username: str, scope: str) -> dict[str, Any]:
    response = client.userinfo(client.tokens(visitor, username, scope=scope).access_token)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("scope", list(OF_SCOPE))
def test_each_scope_releases_its_claims_and_no_other_core_5_4(
    provider: Provider, client: PortalClient, visitor: Visitor, scope: str
) -> None:
    claims = _claims(client, visitor, "li.beijing", f"openid {scope}")
    assert len(claims.pop("sub")) == 43
    if scope == "profile":
        # A number (Core 5.1); when it was is the business of other tests.
        assert type(claims.pop("updated_at")) is int
    assert claims == OF_SCOPE[scope]


def test_what_is_not_on_file_is_left_out_core_5_3_2(client: PortalClient, visitor: Visitor) -> None:
    claims = _claims(client, visitor, "zhao.hebei", ALL)
    assert set(claims) == {"sub", "name", "home_region", "updated_at", "real_name", "id_number"}
    assert all(value not in (None, "", {}, []) for value in claims.values())


@pytest.mark.parametrize(
    ("username", "masked"),
    [("adili.beijing", "阿*"), ("rare.tianjin", "孙*"), ("zhou.xiongan", "周*"), ("zhang.hebei", "张*")],
)
def test_the_name_is_masked_as_public_pages_do(
    client: PortalClient, visitor: Visitor, username: str, masked: str
) -> None:
    assert _claims(client, visitor, username, "openid profile")["name"] == masked


def test_sub_is_the_same_wherever_it_is_told_core_5_3_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    claims = provider.read(tokens.id_token)[1]
    told = {
        claims["sub"],
        provider.read(tokens.access_token)[1]["sub"],
        client.userinfo(tokens.access_token).json()["sub"],
        client.introspect(tokens.access_token).json()["sub"],
    }
    client.end_session(visitor, id_token_hint=tokens.id_token)
    [logout_token] = provider.logout_tokens("alpha", claims["sid"])
    told.add(provider.read(logout_token)[1]["sub"])
    assert len(told) == 1


def test_the_token_may_come_by_get_or_post_in_header_or_form_rfc6750_2(client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    uri, header = f"{client.issuer}/userinfo", {"authorization": f"Bearer {token}"}
    answers = [
        client.http.get(uri, headers=header),
        client.http.post(uri, headers=header),
        client.http.post(uri, headers={"authorization": f"bearer  {token}"}),
        client.http.post(uri, data={"access_token": token}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1


def test_a_token_in_the_query_is_refused_rfc9700_4_3_2(client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    uri = f"{client.issuer}/userinfo"
    assert refusal(client.http.get(uri, params={"access_token": token})) == "invalid_request"
    header = {"authorization": f"Bearer {token}"}
    assert refusal(client.http.get(uri, params={"access_token": token}, headers=header)) == "invalid_request"


def test_a_token_in_two_places_is_refused_rfc6750_2(client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    uri, header = f"{client.issuer}/userinfo", {"authorization": f"Bearer {token}"}
    twice = client.http.post(uri, headers=header, data={"access_token": token})
    assert refusal(twice) == "invalid_request"
    assert 'error="invalid_request"' in _challenge(twice)
    both = [("authorization", f"Bearer {token}")] * 2
    assert refusal(client.http.get(uri, headers=both)) == "invalid_request"
    body = f"access_token={token}&access_token={token}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert refusal(client.http.post(uri, content=body, headers=form)) == "invalid_request"


@pytest.mark.parametrize("header", [None, "Basic YWxwaGE6YWxwaGE=", "Digest x"])
def test_who_brings_no_token_learns_no_error_code_rfc6750_3_1(client: PortalClient, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    response = client.http.get(f"{client.issuer}/userinfo", headers=headers)
    assert response.status_code == 401
    bearer, dpop = f'Bearer realm="{client.issuer}"', f'DPoP realm="{client.issuer}"'
    assert _challenge(response) == f'{bearer}, {dpop}, algs="{" ".join(ALGORITHMS)}"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer a, Bearer b", "Bearer a,b", "DPoP", "DPoP a,b"])
def test_a_malformed_header_is_an_invalid_request_rfc6750_3_1(client: PortalClient, header: str) -> None:
    response = client.http.get(f"{client.issuer}/userinfo", headers={"authorization": header})
    assert refusal(response) == "invalid_request"
    tried, other = ("Bearer", "DPoP") if header.startswith("Bearer") else ("DPoP", "Bearer")
    told, _, untried = _challenge(response).partition(f", {other} realm=")
    assert told.startswith(f'{tried} realm="{client.issuer}", ')
    assert 'error="invalid_request"' in told
    assert "error" not in untried


@pytest.mark.parametrize(
    ("method", "query", "body", "status"),
    [("GET", "?%ff", b"", 400), ("POST", "", b"access_token=%ff", 400), ("POST", "", b"a=" + b"b" * 70_000, 413)],
)
def test_parameters_that_cannot_be_read_are_refused_with_a_challenge_too_rfc6750_3_1(
    client: PortalClient, method: str, query: str, body: bytes, status: int
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", "authorization": "DPoP x"}
    response = client.http.request(method, f"{client.issuer}/userinfo{query}", content=body, headers=form)
    assert refusal(response, status) == "invalid_request"
    assert _challenge(response).startswith(f'DPoP realm="{client.issuer}"')
    assert 'error="invalid_request"' in _challenge(response)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_no_token_of_ours_is_refused_rfc6750_3_1(provider: Provider, client: PortalClient, name: str) -> None:
    kid = next(key["kid"] for key in provider.get("/jwks").json()["keys"] if key["alg"] == "ES256")
    claims = {"iss": provider.issuer, "exp": int(provider.clock()) + 300, "jti": "a.b", "scope": "openid"}
    token = odd_tokens(claims, kid)[name]
    response = client.http.post(f"{client.issuer}/userinfo", data={"access_token": token})
    assert refusal(response, 401) == "invalid_token"
    assert 'error="invalid_token"' in _challenge(response)
    if token.isascii() and token.strip() == token:
        assert client.userinfo(token).status_code in (400, 401)


def test_a_header_that_is_not_ascii_is_refused(client: PortalClient) -> None:
    response = client.http.get(f"{client.issuer}/userinfo", headers=[(b"authorization", b"Bearer \xff\xfe.a.b")])
    assert refusal(response, 401) == "invalid_token"


def test_other_tokens_of_ours_are_refused_rfc9068_4(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    for other in (tokens.id_token, tokens.refresh_token):
        assert refusal(client.userinfo(other), 401) == "invalid_token"


def test_the_issuer_must_be_in_aud_rfc9068_4(client: PortalClient, visitor: Visitor) -> None:
    with_openid = client.tokens(visitor, resource=client.resource)
    without = client.tokens(visitor, scope="profile", resource=client.resource)
    assert client.userinfo(with_openid.access_token).status_code == 200
    assert refusal(client.userinfo(without.access_token), 401) == "invalid_token"


def test_openid_must_be_in_scope_rfc6750_3_1(client: PortalClient, visitor: Visitor) -> None:
    response = client.userinfo(client.tokens(visitor, scope="profile").access_token)
    assert refusal(response, 403) == "insufficient_scope"
    assert 'scope="openid", DPoP' in _challenge(response)


def test_a_token_expires_by_the_clock_rfc6750_3_1(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    provider.clock.advance(299)
    assert client.userinfo(token).status_code == 200
    provider.clock.advance(1)
    assert refusal(client.userinfo(token), 401) == "invalid_token"


def test_a_token_whose_sid_has_ended_is_refused(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert refusal(client.userinfo(tokens.access_token), 401) == "invalid_token"


def test_a_token_of_a_frozen_account_is_refused(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor, "liu.hebei").access_token
    parts = provider.parts
    person = provider.run(parts.stores.people.by_id("liu.hebei"))
    provider.run(parts.sign_outs.freeze(person))
    try:
        assert refusal(client.userinfo(token), 401) == "invalid_token"
    finally:
        provider.run(parts.sign_outs.unfreeze(person))
    # What has ended stays ended.
    assert refusal(client.userinfo(token), 401) == "invalid_token"


def test_in_the_region_it_alone_is_open_to_scripts_core_5_3(provider: Provider, client: PortalClient) -> None:
    asked = {"origin": "https://script.example", "access-control-request-method": "GET"}
    answers = {
        path: client.http.request("OPTIONS", provider.issuer + path, headers=asked)
        for path in ("/userinfo", "/token", "/par", "/revoke", "/introspect", "/authorize")
    }
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 405} == {
        "/userinfo": 204
    }
    refused = client.userinfo("x")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
