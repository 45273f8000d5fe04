"""Introspection: RFC 7662."""

from __future__ import annotations

import pytest

from idp.oauth.authorization_code import grant_id_of
from idp.oauth.secret_hash import hash_of
from idp.oauth.signing import sign
from tests.idp.conftest import ClientFactory
from tests.idp.odd_tokens import ODD_NAMES, odd_tokens
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
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


def test_an_api_is_told_what_concerns_it_rfc7662_2_2(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    beta, api = client_factory("beta"), client_factory("shares-api")
    shared = beta.registration.table["resources"][1]
    token = beta.tokens(visitor, resource=shared, scope="openid phone offline_access", prompt="consent").access_token
    claims = provider.read(token)[1]
    assert claims["aud"] == [shared, provider.issuer]
    answer = api.introspect(token).json()
    told = {name: claims[name] for name in ("iss", "sub", "client_id", "exp", "iat", "jti", "auth_time", "acr")}
    assert answer == {"active": True, "token_type": "Bearer", **told, "aud": shared, "scope": "phone"}
    # The client itself, whose API it is as well, is told all.
    assert beta.introspect(token).json() == {"active": True, "token_type": "Bearer", **claims}


def test_where_no_scope_concerns_the_api_none_is_told(client_factory: ClientFactory, visitor: Visitor) -> None:
    beta = client_factory("beta")
    token = beta.tokens(visitor, resource=beta.registration.table["resources"][1], scope="openid").access_token
    assert "scope" not in client_factory("shares-api").introspect(token).json()


def test_a_bound_token_is_told_with_its_key_rfc9449_6_2(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    beta = client_factory("beta")
    plain = beta.tokens(visitor, resource=beta.registration.table["resources"][1]).access_token
    key = {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
    token = sign(provider.parts.keys, "ES256", "at+jwt", {**provider.read(plain)[1], "cnf": key})
    for asking in (beta, client_factory("shares-api")):
        answer = asking.introspect(token).json()
        assert (answer["active"], answer["token_type"], answer["cnf"]) == (True, "DPoP", key)


def test_other_tokens_of_ours_are_no_access_tokens_rfc9068_4(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    for other in (tokens.id_token, tokens.landing.code if tokens.landing else ""):
        assert client.introspect(other).json() == {"active": False}


def test_a_refresh_token_is_told_to_its_own_client_rfc7662_2_2(
    provider: Provider, client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, scope="openid profile")
    answer = client.introspect(tokens.refresh_token).json()
    assert answer == {
        "active": True,
        "client_id": "alpha",
        "sub": provider.read(tokens.id_token)[1]["sub"],
        "scope": "openid profile",
        "iat": int(provider.clock()),
        "exp": int(provider.clock()) + 8 * 3600,
    }
    assert client_factory("beta").introspect(tokens.refresh_token).json() == {"active": False}
    # Asking about a refresh token neither uses it up nor ends anything.
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_bound_refresh_token_is_told_with_its_key_rfc9449_6_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    key = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    landing, grants = client.sign_in(visitor), provider.parts.stores.grants
    grant = provider.run(grants.get(grant_id_of(landing.code)))
    now = provider.clock()
    assert provider.run(grants.redeem(grant.grant_id, now, hash_of("bound"), now + 60, key))
    assert client.introspect("bound").json()["cnf"] == {"jkt": key}


def test_a_refresh_token_is_active_as_long_as_it_would_be_taken_rfc7662_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    newest = Tokens(client.refresh(tokens.refresh_token).json())
    assert not client.active(tokens.refresh_token)
    assert client.active(newest.refresh_token)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert not client.active(newest.refresh_token)
    offline = client.tokens(visitor, scope="openid offline_access", prompt="consent")
    client.end_session(visitor, id_token_hint=offline.id_token)
    assert client.active(offline.refresh_token)
    provider.clock.advance(30 * 86400 - 1)
    assert client.active(offline.refresh_token)
    provider.clock.advance(1)
    assert not client.active(offline.refresh_token)


def test_a_revoked_refresh_token_is_not_active_rfc7662_2_2(client: PortalClient, visitor: Visitor) -> None:
    offline = client.tokens(visitor, scope="openid offline_access", prompt="consent")
    client.revoke(offline.refresh_token)
    assert not client.active(offline.refresh_token)


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
