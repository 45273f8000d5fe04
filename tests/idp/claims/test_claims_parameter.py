"""Single claims asked for over HTTP: consented to, released where they were asked for, and nowhere else (Core 5.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.idp.authorize.answers import asks_for_consent, sent_to_client
from tests.idp.claims.conftest import FULL
from tests.idp.people.test_demo_people import STANDARD
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor


def claims(userinfo: Any = None, id_token: Any = None) -> str:
    return json.dumps({"userinfo": userinfo or {}, "id_token": id_token or {}})


def told(client: PortalClient, tokens: Tokens) -> dict[str, Any]:
    response = client.userinfo(tokens.access_token)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    assert answer.pop("sub")
    return answer


def test_claims_come_where_they_were_asked_for_core_5_5(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    wanted = claims({"name": {"essential": True}, "nickname": None}, {"email": None, "auth_time": {"essential": True}})
    tokens = client.tokens(signed_in, FULL, scope="openid", claims=wanted)
    assert told(client, tokens) == {"name": "甄示全", "nickname": "小全"}
    id_token = provider.read(tokens.id_token)[1]
    assert id_token["email"] == "every.claim@mail.example"
    assert id_token["auth_time"] == int(provider.clock())
    assert not {"name", "nickname", "email_verified"} & set(id_token)


def test_every_standard_claim_can_be_had_in_both_places_core_5_1(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    every = dict.fromkeys(sorted(STANDARD))
    tokens = client.tokens(signed_in, FULL, scope="openid", claims=claims(every, every))
    at_userinfo = told(client, tokens)
    assert set(at_userinfo) == STANDARD - {"sub"}
    assert at_userinfo.items() <= provider.read(tokens.id_token)[1].items()


def test_a_refresh_tells_the_same_claims_core_12_2(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    wanted = claims({"nickname": None}, {"email": None})
    tokens = client.tokens(signed_in, FULL, scope="openid", claims=wanted)
    again = Tokens(client.refresh(tokens.refresh_token).json())
    assert told(client, again) == {"nickname": "小全"}
    assert provider.read(again.id_token)[1]["email"] == "every.claim@mail.example"


def test_a_claim_is_consented_to_as_its_scope_is_and_once(client: PortalClient, signed_in: Visitor) -> None:
    wanted = claims({"phone_number": None})
    page = signed_in.follow(client.authorize(signed_in, scope="openid", claims=wanted))
    assert asks_for_consent(page)
    assert "100******11" in page.text
    asked = client.ask(scope="openid", claims=wanted, prompt="none")
    refused = client.landing(asked, client.authorize(signed_in, asked)).parameters
    assert refused["error"] == "consent_required"
    client.sign_in(signed_in, FULL, scope="openid", claims=wanted)
    answer = sent_to_client(client.authorize(signed_in, asked), client.redirect_uri)
    assert "code" in answer


def test_a_claim_in_the_id_token_needs_consent_too(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid", claims=claims(None, {"id_number": None})))
    assert asks_for_consent(page)


def test_what_is_denied_is_not_released(client: PortalClient, signed_in: Visitor) -> None:
    landing = client.sign_in(signed_in, FULL, "deny", scope="openid", claims=claims({"email": None}))
    assert landing.parameters["error"] == "access_denied"


def test_a_client_gets_no_claim_beyond_its_registered_scope(provider: Provider, visitor: Visitor) -> None:
    client = provider.client("not-for-phones")
    wanted = {"phone_number": {"essential": True}, "id_number": None, "email": None}
    tokens = client.tokens(visitor, FULL, scope="openid", claims=claims(wanted, wanted))
    assert told(client, tokens) == {"email": "every.claim@mail.example"}
    assert not {"phone_number", "id_number"} & set(provider.read(tokens.id_token)[1])


def test_what_rests_on_legal_duty_is_released_without_asking_pipl_13(provider: Provider, visitor: Visitor) -> None:
    client = provider.client("on-duty")
    page = visitor.follow(client.authorize(visitor, scope="openid", claims=claims({"name": None})))
    assert 'id="login-releases"' in page.text
    answer = visitor.follow(visitor.log_in(page, "li.beijing"))
    assert "code" in sent_to_client(answer, client.redirect_uri)


@pytest.mark.parametrize("text", ["{", "[]", '{"userinfo":{"name":7}}', "[" * 3000])
def test_what_cannot_be_read_is_told_to_the_client(text: str, client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask(claims=text)
    answer = sent_to_client(client.authorize(signed_in, asked), client.redirect_uri)
    assert (answer["error"], answer["state"]) == ("invalid_request", asked.parameters["state"])


def test_an_essential_acr_is_told_or_refused_core_5_5_1_1(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    def wanting(level: int) -> str:
        return claims(None, {"acr": {"essential": True, "values": [f"urn:manyou:loa:{level}"]}})

    tokens = client.tokens(visitor, "li.beijing", scope="openid", claims=wanting(2))
    assert provider.read(tokens.id_token)[1]["acr"] == "urn:manyou:loa:2"
    refused = client.sign_in(visitor, "li.beijing", scope="openid", claims=wanting(4)).parameters
    assert refused["error"] == "unmet_authentication_requirements"


def test_another_person_than_the_sub_asked_for_is_not_told_of_core_3_1_2_2(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    sub = provider.read(client.tokens(signed_in, FULL, scope="openid").id_token)[1]["sub"]
    for value, answer in ((sub, "code"), ("somebody-else", "error")):
        asked = client.ask(scope="openid", prompt="none", claims=claims(None, {"sub": {"value": value}}))
        assert answer in client.landing(asked, client.authorize(signed_in, asked)).parameters
    stranger = provider.visitor()
    wanted = claims(None, {"sub": {"value": sub}})
    refused = client.sign_in(stranger, "li.beijing", scope="openid", claims=wanted).parameters
    assert refused["error"] == "login_required"


def test_a_registered_default_max_age_counts_like_max_age_registration_2(provider: Provider, visitor: Visitor) -> None:
    client = provider.client("ages")
    tokens = client.tokens(visitor, FULL, scope="openid")
    assert provider.read(tokens.id_token)[1]["auth_time"] == int(provider.clock())
    provider.clock.advance(61)
    for max_age, error in ((None, "login_required"), ("1000", None)):
        asked = client.ask(scope="openid", prompt="none", max_age=max_age)
        assert client.landing(asked, client.authorize(visitor, asked)).parameters.get("error") == error


def test_discovery_says_so_discovery_3(provider: Provider) -> None:
    document = provider.get("/.well-known/openid-configuration").json()
    assert document["claims_parameter_supported"] is True
    assert set(document["claims_supported"]) >= STANDARD
    assert document["userinfo_signing_alg_values_supported"] == ["RS256", "ES256"]
