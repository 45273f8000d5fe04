"""Standard claims by scope, and answers of /userinfo that are signed (Core 5.3.2, 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.idp.authorize.answers import asks_for_consent
from tests.idp.claims.conftest import FULL
from tests.idp.people.test_demo_people import STANDARD
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor

PROFILE = STANDARD - {"sub", "email", "email_verified", "phone_number", "phone_number_verified", "address"}
OF_SCOPE = {
    "openid": set(),
    "profile": {*PROFILE, "home_region"},
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
    "offline_access": set(),
    "profile email phone address": {*STANDARD, "home_region"} - {"sub"},
}


@pytest.mark.parametrize("scope", OF_SCOPE)
def test_each_scope_releases_its_standard_claims_at_userinfo_alone_core_5_4(
    scope: str, provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    tokens = client.tokens(signed_in, FULL, scope=f"openid {scope}", prompt="consent")
    told: dict[str, Any] = client.userinfo(tokens.access_token).json()
    id_token = provider.read(tokens.id_token)[1]
    assert told.pop("sub") == id_token["sub"]
    assert set(told) == OF_SCOPE[scope]
    assert not set(id_token) & (STANDARD - {"sub"})


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_client_that_registered_for_it_gets_a_jwt_with_iss_and_aud_core_5_3_2(
    alg: str, provider: Provider, visitor: Visitor
) -> None:
    client = provider.client(f"signed-{alg.lower()}")
    tokens = client.tokens(visitor, FULL, scope="openid email")
    header = {"authorization": f"Bearer {tokens.access_token}"}
    uri = f"{provider.issuer}/userinfo"
    for response in (client.http.get(uri, headers=header), client.http.post(uri, headers=header)):
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/jwt"
        assert response.headers["cache-control"] == "no-store"
        head, told = provider.read(response.text)
        assert (head["alg"], head["typ"]) == (alg, "JWT")
        assert told == {
            "iss": provider.issuer,
            "aud": client.client_id,
            "sub": provider.read(tokens.id_token)[1]["sub"],
            "email": "every.claim@mail.example",
            "email_verified": True,
        }


def test_refusals_are_json_for_that_client_too_rfc6750_3(provider: Provider) -> None:
    response = provider.client("signed-rs256").userinfo("no token")
    assert (response.status_code, response.headers["content-type"]) == (401, "application/json")


def test_the_token_of_a_client_that_is_registered_no_more_is_worth_nothing_rfc7592_2_3(
    provider: Provider, client: PortalClient, signed_in: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = client.tokens(signed_in, FULL, scope="openid").access_token
    monkeypatch.delitem(provider.parts.clients._clients, client.client_id)
    assert refusal(client.userinfo(token), 401) == "invalid_token"


def test_the_page_says_all_that_a_full_profile_holds_pipl_17(client: PortalClient, signed_in: Visitor) -> None:
    signed_in.http.headers["accept-language"] = "en"
    page = signed_in.follow(client.authorize(signed_in, scope="openid profile"))
    assert asks_for_consent(page)
    assert "date of birth" in page.text


@pytest.mark.parametrize(
    ("scope", "text"), [("openid", "network number"), ("openid offline_access", "use after you have logged out")]
)
def test_what_is_no_data_is_asked_for_without_saying_that_there_is_none(
    scope: str, text: str, client: PortalClient, signed_in: Visitor
) -> None:
    signed_in.http.headers["accept-language"] = "en"
    page = signed_in.follow(client.authorize(signed_in, scope=scope, prompt="consent"))
    assert asks_for_consent(page)
    assert text in page.text
    assert "Nothing on file" not in page.text


def test_the_log_in_page_lists_the_person_with_every_claim(client: PortalClient, visitor: Visitor) -> None:
    assert FULL in visitor.follow(client.authorize(visitor, scope="openid")).text
