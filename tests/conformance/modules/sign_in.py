"""Modules about the request and its answer, of whichever flow."""

from __future__ import annotations

from tests.conformance.party import Party, is_page_without_a_way_back
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite
from tests.visitor import Visitor


class HappyFlow:
    """Everything right."""

    def test_oidcc_server(self, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        assert outcome.claims["nonce"] == outcome.answer.asked.parameters["nonce"]
        if party.has_access_token:
            assert set(party.person(outcome)) == {"sub"}


class SignIn(HappyFlow):
    """What every flow's plan asks."""

    def test_oidcc_alternate_happy_flow(self, party: Party, browser: Visitor) -> None:
        scope = "openid profile email" if party.has_access_token else "openid email"
        asked = party.ask(scope=" ".join(reversed(scope.split())))
        backwards = dict(reversed(asked.parameters.items()))
        asked.parameters.clear()
        asked.parameters.update(backwards)
        outcome = party.complete(party.checked(party.finish(browser, party.open(browser, asked))))
        assert party.person(outcome)["email"] == "every.claim@mail.example"

    def test_oidcc_response_type_missing(self, party: Party, browser: Visitor) -> None:
        answer = party.answer(*party.open(browser, party.ask(response_type=None)))
        assert answer.parameters["error"] == "invalid_request"
        assert answer.parameters["state"] == answer.asked.parameters["state"]
        # Which flow was meant is not known, so that only what was asked for in words decides.
        assert answer.channel == ("form_post" if party.variant.form_post else "query")

    def test_oidcc_ensure_request_with_unknown_parameter_succeeds(self, party: Party, browser: Visitor) -> None:
        party.signed_in(browser, extra="foobar")

    def test_oidcc_ensure_registered_redirect_uri(self, suite: Suite, party: Party, browser: Visitor) -> None:
        _, page = party.open(browser, party.ask(redirect_uri=f"{party.redirect_uri}/unregistered"))
        is_page_without_a_way_back(page, suite.address)

    def test_oidcc_display_page(self, party: Party, browser: Visitor) -> None:
        party.signed_in(browser, display="page")

    def test_oidcc_display_popup(self, party: Party, browser: Visitor) -> None:
        party.signed_in(browser, display="popup")

    def test_oidcc_ui_locales(self, party: Party, browser: Visitor) -> None:
        party.signed_in(browser, ui_locales="se")

    def test_oidcc_claims_locales(self, party: Party, browser: Visitor) -> None:
        party.signed_in(browser, claims_locales="se")

    def test_oidcc_ensure_request_with_acr_values_succeeds(self, suite: Suite, party: Party, browser: Visitor) -> None:
        offered = suite.metadata()["acr_values_supported"]
        outcome = party.signed_in(browser, acr_values=" ".join(offered))
        assert outcome.claims["acr"] in offered


class Signature:
    """The ID token's algorithm, by the provider's default."""

    def test_oidcc_idtoken_signature(self, suite: Suite, party: Party, browser: Visitor) -> None:
        assert "id_token_signed_response_alg" not in suite.usual_metadata(party.variant)
        outcome = party.signed_in(browser)
        assert party.header(outcome.id_token)["alg"] == "RS256"


class NonceIsNeeded:
    """Where the authorization endpoint issues an ID token (Core 3.2.2.1, 3.3.2.11)."""

    def test_oidcc_ensure_request_without_nonce_fails(self, party: Party, browser: Visitor) -> None:
        party.refused(party.answer(*party.open(browser, party.ask(nonce=None))), "invalid_request")


class NonceIsNotNeeded:
    """Where the token endpoint alone issues an ID token (Core 3.1.2.1)."""

    def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(self, party: Party, browser: Visitor) -> None:
        assert "nonce" not in party.signed_in(browser, nonce=None).claims


class UnsignedIdToken:
    """An ID token with alg none (Core 2)."""

    def test_oidcc_idtoken_unsigned(self, suite: Suite, variant: Variant) -> None:
        # The suite skips the module, since there are no unsigned ID tokens; who registers for them is told so.
        assert "none" not in suite.metadata()["id_token_signing_alg_values_supported"]
        refused = suite.register(**suite.usual_metadata(variant), id_token_signed_response_alg="none")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")


class PostRequest:
    """The request in a form (Core 3.1.2.1)."""

    def test_oidcc_ensure_post_request_succeeds(self, party: Party, browser: Visitor) -> None:
        asked = party.ask()
        page = browser.follow(browser.http.post(f"{party.issuer}/authorize", data=asked.parameters))
        party.complete(party.checked(party.finish(browser, (asked, page))))
