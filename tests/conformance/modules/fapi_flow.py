"""FAPI 2.0 modules about the request, its answer, and what can be had with the tokens."""

from __future__ import annotations

import json
import secrets

from tests.conformance.fapi_party import FapiParty
from tests.conformance.modules.claims import TYPES
from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.party import is_page_without_a_way_back
from tests.conformance.suite import REFUSER, Suite
from tests.visitor import Visitor

STRONG = {"PS256", "ES256", "EdDSA"}
"""Algorithms of FAPI 2.0 Security Profile 5.4.1."""


class Flow:
    """Everything right, with every freedom that a client has."""

    def test_fapi2_security_profile_final_discovery_end_point_verification(
        self, suite: Suite, party: FapiParty
    ) -> None:
        told = document(suite)
        what_every_plan_needs(suite, told)
        assert told["pushed_authorization_request_endpoint"].startswith("https://")
        assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
        assert STRONG & set(told["token_endpoint_auth_signing_alg_values_supported"])
        assert STRONG & set(told["id_token_signing_alg_values_supported"])
        assert {"ES256", "PS256"} <= set(told["dpop_signing_alg_values_supported"]) <= STRONG | {"Ed25519"}
        assert told["code_challenge_methods_supported"] == ["S256"]
        assert told["authorization_response_iss_parameter_supported"] is True
        assert "authorization_code" in told["grant_types_supported"]
        if party.variant.signed:
            assert STRONG & set(told["request_object_signing_alg_values_supported"])
        if party.variant.jarm:
            assert "jwt" in told["response_modes_supported"]
            assert STRONG & set(told["authorization_signing_alg_values_supported"])

    def test_fapi2_security_profile_final_happy_flow(
        self, party: FapiParty, other: FapiParty, browser: Visitor
    ) -> None:
        second = other.registration.table["redirect_uris"][1]
        assert second.endswith("?dummy1=lorem&dummy2=ipsum")
        first = party.flow(browser)
        other_one = other.flow(browser, redirect_uri=second)
        assert other_one.answer.parameters["dummy1"] == "lorem"
        assert party.reach(other_one.access_token).status_code == 401
        assert first.claims["sub"] != other_one.claims["sub"]

    def test_fapi2_security_profile_final_user_rejects_authentication(
        self, party: FapiParty, stranger: Visitor
    ) -> None:
        answer = party.finish(stranger, party.open(stranger, party.ask()), "deny", REFUSER.username)
        party.refused(answer, "access_denied")

    def test_fapi2_security_profile_final_ensure_authorization_request_without_state_success(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        outcome = party.flow(browser, state=None)
        assert "s_hash" not in outcome.claims

    def test_fapi2_security_profile_final_ensure_authorization_request_without_nonce_success(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        assert "nonce" not in party.flow(browser, nonce=None).claims

    def test_fapi2_security_profile_final_ensure_authorization_request_with_64_char_nonce_success(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        nonce = secrets.token_hex(32)
        assert party.flow(browser, nonce=nonce).claims["nonce"] == nonce

    def test_fapi2_security_profile_final_ensure_authorization_request_with_long_nonce(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        nonce = secrets.token_hex(192)
        assert party.flow(browser, nonce=nonce).claims["nonce"] == nonce

    def test_fapi2_security_profile_final_ensure_authorization_request_with_long_state(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        party.flow(browser, state=secrets.token_hex(192))

    def test_fapi2_security_profile_final_ensure_other_scope_order_succeeds(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        outcome = party.flow(browser, scope="email openid")
        assert party.told(party.userinfo(outcome.access_token), outcome)["email"] == "every.claim@mail.example"

    def test_fapi2_security_profile_final_test_claims_parameter_identity_claims(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        supported = set(suite.metadata()["claims_supported"])
        wanted = {name for types in TYPES.values() for name in types}
        assert wanted <= supported
        forms = [None, {"essential": True}, {"essential": False}]
        asked = {name: forms[place % 3] for place, name in enumerate(sorted(wanted))}
        unknown = {f"https://suite.example/{secrets.token_hex(4)}": {"essential": True}}
        claims = json.dumps({"id_token": {**asked, **unknown}, "userinfo": {**unknown, **asked}, "elsewhere": asked})
        outcome = party.flow(browser, scope="openid", claims=claims)
        told = party.told(party.userinfo(outcome.access_token), outcome)
        for place in (told, outcome.claims):
            assert wanted <= set(place)
            assert not set(unknown) & set(place)

    def test_fapi2_security_profile_final_access_token_type_header_case_sensitivity(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        outcome = party.flow(browser)
        for scheme in ("dpop", "DPOP", "dPoP"):
            party.told(party.reach(outcome.access_token, scheme=scheme), outcome)


class Outside:
    """What stands beside a request_uri does not count (RFC 9126 4, RFC 9101 6.3)."""

    def test_fapi2_security_profile_final_ensure_different_nonce_inside_and_outside_request_object(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        opened = party.open(browser, party.ask(), nonce="another")
        party.complete(party.checked(party.finish(browser, opened)))

    def test_fapi2_security_profile_final_ensure_different_state_inside_and_outside_request_object(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        opened = party.open(browser, party.ask(), state="another")
        party.complete(party.checked(party.finish(browser, opened)))

    def test_fapi2_security_profile_final_state_only_outside_request_object_not_used(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        opened = party.open(browser, party.ask(state=None), state="outside")
        answer = party.checked(party.finish(browser, opened))
        assert "state" not in answer.parameters
        assert "s_hash" not in party.complete(answer).claims

    def test_fapi2_security_profile_final_ensure_unsigned_authorization_request_without_using_par_fails(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        answer = party.answer(asked, browser.follow(party.authorize(browser, asked)))
        party.refused(answer, "invalid_request")


class RequestUris:
    """Of one client, once, for a short time (RFC 9126 4, FAPI 2.0 Security Profile 5.3.2.2)."""

    def test_fapi2_security_profile_final_par_without_duplicate_parameters(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        request_uri = party.pushed(asked)
        page = browser.follow(browser.get(f"/authorize?client_id={party.client_id}&request_uri={request_uri}"))
        party.complete(party.checked(party.finish(browser, (asked, page))))

    def test_fapi2_security_profile_final_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
        self, party: FapiParty, stranger: Visitor
    ) -> None:
        asked = party.ask()
        request_uri = party.pushed(asked)
        assert "login-submit" in party.visit(stranger, asked, request_uri)[1].text
        opened = party.visit(stranger, asked, request_uri)
        party.complete(party.checked(party.finish(stranger, opened)))

    def test_fapi2_security_profile_final_par_attempt_reuse_request_uri(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        request_uri = party.pushed(asked)
        party.complete(party.checked(party.finish(browser, party.visit(browser, asked, request_uri))))
        _, page = party.visit(browser, asked, request_uri)
        is_page_without_a_way_back(page, suite.address)
        assert "invalid_request_uri" in page.text

    def test_fapi2_security_profile_final_par_attempt_to_use_expired_request_uri(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        response = party.push(asked)
        request_uri = party.request_uri(response)
        suite.clock.advance(response.json()["expires_in"])
        _, page = party.visit(browser, asked, request_uri)
        is_page_without_a_way_back(page, suite.address)
        assert "invalid_request_uri" in page.text

    def test_fapi2_security_profile_final_par_attempt_to_use_request_uri_for_different_client(
        self, suite: Suite, party: FapiParty, other: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        _, page = other.visit(browser, asked, party.pushed(asked))
        is_page_without_a_way_back(page, suite.address)
        assert "invalid_request_uri" in page.text
