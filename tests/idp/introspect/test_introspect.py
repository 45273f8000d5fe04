"""Introspection: RFC 7662."""

from __future__ import annotations

import pytest

from tests.idp.conftest import ClientFactory
from tests.idp.odd_tokens import ODD_NAMES, odd_tokens
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor


def test_an_active_token_is_told_as_it_is_rfc7662_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, resource=client.resource)
    response = client.introspect(tokens.access_token)
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    assert answer.pop("active") is True
    assert answer.pop("token_type") == "Bearer"
    assert answer == provider.read(tokens.access_token)[1]


def test_a_token_expires_by_the_clock_rfc7662_2_2(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    provider.clock.advance(299)
    assert client.active(token)
    provider.clock.advance(1)
    assert client.introspect(token).json() == {"active": False}


def test_only_those_concerned_are_told_rfc7662_2_2(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    beta = client_factory("beta")
    shared = beta.registration.table["resources"][1]
    own = client.tokens(visitor, resource=client.resource).access_token
    for_shared = beta.tokens(visitor, resource=shared).access_token
    assert client.active(own)
    assert not beta.active(own)
    assert beta.active(for_shared)
    # The service behind the API that the token is for may ask, whoever the client is (RFC 7662 1).
    assert client_factory("shares-api").active(for_shared)
    assert not client.active(for_shared)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "unheard-of", "令牌"])
def test_the_hint_is_a_hint_rfc7662_2_1(client: PortalClient, visitor: Visitor, hint: str) -> None:
    token = client.tokens(visitor).access_token
    assert client.introspect(token, token_type_hint=hint).json()["active"] is True


def test_other_tokens_of_ours_are_no_access_tokens_rfc9068_4(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    for other in (tokens.id_token, tokens.refresh_token, tokens.landing.code if tokens.landing else ""):
        assert client.introspect(other).json() == {"active": False}
    # Asking about a refresh token neither uses it up nor ends anything.
    assert client.refresh(tokens.refresh_token).status_code == 200


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_no_token_of_ours_is_inactive_rfc7662_2_2(provider: Provider, client: PortalClient, name: str) -> None:
    kid = next(key["kid"] for key in provider.get("/jwks").json()["keys"] if key["alg"] == "ES256")
    claims = {"iss": provider.issuer, "exp": int(provider.clock()) + 300, "jti": "a.b", "scope": "openid"}
    response = client.introspect(odd_tokens(claims, kid)[name])
    assert response.status_code == 200
    assert response.json() == {"active": False}


def test_a_token_is_inactive_once_its_sign_in_has_ended(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert client.introspect(tokens.access_token).json() == {"active": False}


def test_who_asks_must_say_who_it_is_rfc7662_2_1(client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    assert refusal(client.introspect(token, client_assertion=None), 401) == "invalid_client"
    bearer = client.http.post(
        f"{client.issuer}/introspect", data={"token": token}, headers={"authorization": f"Bearer {token}"}
    )
    assert refusal(bearer, 401) == "invalid_client"
