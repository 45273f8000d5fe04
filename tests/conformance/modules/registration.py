"""Modules about what a client registers for itself (Registration 1.0, Core 8.1)."""

from __future__ import annotations

import json
import re

import pytest

from tests.conformance.party import Party, is_page_without_a_way_back
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite
from tests.portal_client import client_key, refusal
from tests.visitor import Visitor


class Algorithms:
    """What is signed, and how."""

    def test_oidcc_idtoken_rs256(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        party = suite.party(variant, id_token_signed_response_alg="RS256")
        assert party.header(party.signed_in(browser).id_token)["alg"] == "RS256"

    def test_oidcc_userinfo_rs256(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        party = suite.party(variant, userinfo_signed_response_alg="RS256")
        outcome = party.signed_in(browser, scope="openid email")
        response = party.userinfo(outcome.access_token)
        assert response.headers["content-type"] == "application/jwt"
        assert party.header(response.text)["alg"] == "RS256"
        assert party.told(response, outcome)["email"] == "every.claim@mail.example"


class RedirectUris:
    """Character by character (Core 3.1.2.1), without a fragment (Registration 2)."""

    def test_oidcc_ensure_redirect_uri_in_authorization_request(
        self, suite: Suite, variant: Variant, browser: Visitor
    ) -> None:
        two = [suite.callback(variant), "https://elsewhere.example/callback"]
        party = suite.party(variant, redirect_uris=two)
        _, page = party.open(browser, party.ask(redirect_uri=None))
        is_page_without_a_way_back(page, suite.address)

    def test_oidcc_redirect_uri_query_ok(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        party = suite.party(variant, redirect_uris=[f"{suite.callback(variant)}?foo=bar"])
        assert party.signed_in(browser).answer.parameters["foo"] == "bar"

    def test_oidcc_redirect_uri_query_mismatch(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        party = suite.party(variant, redirect_uris=[f"{suite.callback(variant)}?foo=bar"])
        _, page = party.open(browser, party.ask(redirect_uri=f"{suite.callback(variant)}?foo=baz"))
        is_page_without_a_way_back(page, suite.address)

    def test_oidcc_redirect_uri_query_added(self, suite: Suite, party: Party, browser: Visitor) -> None:
        _, page = party.open(browser, party.ask(redirect_uri=f"{party.redirect_uri}?foo=bar"))
        is_page_without_a_way_back(page, suite.address)

    def test_oidcc_redirect_uri_regfrag(self, suite: Suite, variant: Variant) -> None:
        metadata = {**suite.usual_metadata(variant), "redirect_uris": [f"{suite.callback(variant)}#foobar"]}
        refused = suite.register(**metadata)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")


class WhatPeopleSee:
    """The log-in page tells for whom it is (Registration 2)."""

    @pytest.fixture
    def page(self, suite: Suite, variant: Variant, stranger: Visitor) -> str:
        """The log-in page of a client with logo, policy and terms."""
        pages = {f"{name}_uri": f"{suite.address}/{name}.html" for name in ("logo", "policy", "tos")}
        party = suite.party(variant, **pages)
        text = party.open(stranger, party.ask())[1].text
        assert "login-submit" in text
        return text

    def test_oidcc_registration_logo_uri(self, suite: Suite, variant: Variant, page: str) -> None:
        assert re.search(rf'<img[^>]* src="{suite.address}/logo\.html"', page)

    def test_oidcc_registration_policy_uri(self, suite: Suite, variant: Variant, page: str) -> None:
        assert re.search(rf'<a[^>]* href="{suite.address}/policy\.html"', page)

    def test_oidcc_registration_tos_uri(self, suite: Suite, variant: Variant, page: str) -> None:
        assert re.search(rf'<a[^>]* href="{suite.address}/tos\.html"', page)


class SectorIdentifiers:
    """The document must list every redirect_uri (Core 8.1)."""

    def test_oidcc_registration_sector_uri(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        document = suite.serve("/sector/good.json", json.dumps([suite.callback(variant)]))
        party = suite.party(variant, sector_identifier_uri=document)
        assert suite.listener.received("/sector/good.json")
        party.signed_in(browser)

    def test_oidcc_registration_sector_bad(self, suite: Suite, variant: Variant) -> None:
        document = suite.serve("/sector/bad.json", json.dumps([f"{suite.address}/not-this-one"]))
        refused = suite.register(**suite.usual_metadata(variant), sector_identifier_uri=document)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")


class Keys:
    """Keys of the client behind its jwks_uri, and of the provider behind its own (Core 10.1.1)."""

    def test_oidcc_registration_jwks_uri(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        path = "/keys/client.json"
        jwks_uri = suite.serve(path, json.dumps(suite.usual_metadata(variant)["jwks"]))
        party = suite.party(variant, jwks=None, jwks_uri=jwks_uri)
        party.signed_in(browser)
        assert suite.listener.received(path)

    def test_oidcc_refresh_token_rp_key_rotation(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        path = "/keys/rotating.json"
        jwks_uri = suite.serve(path, json.dumps(suite.usual_metadata(variant)["jwks"]))
        party = suite.party(variant, jwks=None, jwks_uri=jwks_uri)
        outcome = party.signed_in(browser, scope="openid offline_access", prompt="consent")
        rotated = client_key("ES256", "rotated-1")
        suite.serve(path, json.dumps({"keys": [{**rotated.as_dict(private=False), "alg": "ES256"}]}))
        suite.clock.advance(60)
        by_new_key = party.assertion(key=rotated, header={"kid": rotated.kid})
        refreshed = party.refresh(outcome.tokens["refresh_token"], client_assertion=by_new_key)
        assert refreshed.status_code == 200, refreshed.text
        again = party.refresh(refreshed.json()["refresh_token"], client_assertion=party.assertion())
        assert refusal(again, 401) == "invalid_client"

    def test_oidcc_server_rotate_keys(self, suite: Suite, variant: Variant) -> None:
        before = {key["kid"] for key in suite.keys.fetched()}
        suite.rotate_keys()
        after = {key["kid"] for key in suite.keys.fetched()}
        assert before < after


class Assertions:
    """Whom a client assertion is for (Core 9, RFC 7523 3)."""

    def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(self, party: Party, browser: Visitor) -> None:
        answer = party.go(browser)
        assert party.exchange(answer, client_assertion=party.assertion(aud=party.issuer)).status_code == 200
