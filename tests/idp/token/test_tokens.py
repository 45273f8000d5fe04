"""What the tokens say: Core 2 and 3.1.3.6, RFC 9068, RFC 8707; protocol points 14 and 16."""

from __future__ import annotations

import base64
import hashlib

from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor


def test_an_id_token_says_who_when_and_how_and_nothing_personal_core_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, scope="openid profile real_name phone email address id_number")
    header, claims = provider.read(tokens.id_token)
    now = int(provider.clock())
    assert tokens.landing is not None
    assert set(header) == {"alg", "kid", "typ"}
    assert (header["alg"], header["typ"]) == ("ES256", "JWT")
    for name in ("sub", "sid", "jti", "at_hash"):
        assert claims.pop(name)
    assert claims == {
        "iss": provider.issuer,
        "aud": "alpha",
        "exp": now + 300,
        "iat": now,
        "auth_time": now,
        "acr": "urn:manyou:loa:3",
        "amr": ["pwd"],
        "nonce": tokens.landing.asked.parameters["nonce"],
    }


def test_an_id_token_without_nonce_asked_has_none_core_3_1_3_7(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    assert "nonce" not in provider.read(client.tokens(visitor, nonce=None).id_token)[1]


def test_at_hash_is_the_left_half_of_the_access_tokens_hash_core_3_1_3_6(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    for name, alg in (("alpha", "ES256"), ("plain", "RS256")):
        tokens = client_factory(name).tokens(visitor)
        half = hashlib.sha256(tokens.access_token.encode()).digest()[:16]
        header, claims = provider.read(tokens.id_token)
        assert header["alg"] == alg
        assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_a_client_that_asks_for_nothing_gets_rs256_and_one_that_asks_gets_es256_core_3_1_3_7(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    published = {key["kid"]: key for key in provider.get("/jwks").json()["keys"]}
    seen = {}
    for name in ("plain", "alpha"):
        header = provider.read(client_factory(name).tokens(visitor).id_token)[0]
        seen[name] = header["alg"]
        assert published[header["kid"]]["alg"] == header["alg"]
    assert seen == {"plain": "RS256", "alpha": "ES256"}


def test_an_access_token_is_a_jwt_of_five_minutes_rfc9068_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    header, claims = provider.read(client.tokens(visitor, resource=client.resource).access_token)
    now = int(provider.clock())
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    for name in ("sub", "sid", "jti"):
        assert claims.pop(name)
    assert claims == {
        "iss": provider.issuer,
        "aud": [client.resource, provider.issuer],
        "client_id": "alpha",
        "exp": now + 300,
        "iat": now,
        "scope": "openid profile",
        "auth_time": now,
        "acr": "urn:manyou:loa:3",
        "amr": ["pwd"],
    }


def test_without_resource_the_audience_is_the_issuer_alone_rfc8707_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    assert provider.read(client.tokens(visitor).access_token)[1]["aud"] == provider.issuer


def test_with_resource_but_without_openid_the_audience_is_that_api_alone_rfc9068_3(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, scope="profile", resource=client.resource)
    assert "id_token" not in tokens.answer
    assert provider.read(tokens.access_token)[1]["aud"] == client.resource


def test_every_token_has_a_jti_of_its_own_rfc9068_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    several = [client.tokens(visitor) for _ in range(3)]
    tokens = [token for one in several for token in (one.access_token, one.id_token)]
    assert len({provider.read(token)[1]["jti"] for token in tokens}) == 6


def test_a_resource_at_the_token_endpoint_must_be_the_one_granted_rfc8707_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor, resource=client.resource)
    assert refusal(client.exchange(landing, resource="http://tianjin.localhost/api")) == "invalid_target"
    tokens = Tokens(client.exchange(landing, resource=client.resource).json())
    assert provider.read(tokens.access_token)[1]["aud"] == [client.resource, provider.issuer]
    other = "http://tianjin.localhost/api"
    assert refusal(client.refresh(tokens.refresh_token, resource=other)) == "invalid_target"
    assert client.refresh(tokens.refresh_token, resource=client.resource).status_code == 200


def test_a_resource_that_was_not_granted_is_refused_rfc8707_2_2(client: PortalClient, visitor: Visitor) -> None:
    landing = client.sign_in(visitor)
    assert refusal(client.exchange(landing, resource=client.resource)) == "invalid_target"
    assert client.exchange(landing).status_code == 200


def test_sub_and_sid_are_each_clients_own_and_sub_stays_core_8_1(
    provider: Provider, client_factory: ClientFactory
) -> None:
    first, second = provider.visitor(), provider.visitor()
    at = {
        (visitor, name): provider.read(client_factory(name).tokens(visitor).id_token)[1]
        for visitor in (first, second)
        for name in ("alpha", "beta")
    }
    assert at[first, "alpha"]["sub"] == at[second, "alpha"]["sub"] != at[first, "beta"]["sub"]
    assert len({claims["sid"] for claims in at.values()}) == 4
    assert all(len(claims["sid"]) >= 22 for claims in at.values())


def test_auth_time_is_that_of_the_log_in_not_of_the_visit_core_2(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    began = int(provider.clock())
    client_factory("alpha").tokens(visitor)
    provider.clock.advance(100)
    later = provider.read(client_factory("beta").tokens(visitor, prompt="none").id_token)[1]
    assert (later["auth_time"], later["iat"]) == (began, began + 100)
