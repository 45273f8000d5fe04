"""Consent: asked for what needs it and nothing else, remembered, denied, and never given by another form (PIPL 29)."""

from __future__ import annotations

import re

import pytest

from tests.idp.authorize.answers import asks_for_consent, refused_on_a_page, sent_to_client
from tests.idp.consent.conftest import USERNAME, ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor, form_with

SENSITIVE = ("phone", "email", "address", "id_number")


def ask(client: PortalClient, visitor: Visitor, scope: str) -> str | None:
    """Send the person on; return the consent page's text, or None if the client was answered."""
    response = visitor.follow(client.authorize(visitor, scope=scope))
    if asks_for_consent(response):
        return response.text
    assert "code" in sent_to_client(response, client.redirect_uri)
    return None


@pytest.fixture
def signed_in(client: PortalClient, visitor: Visitor) -> Visitor:
    """A browser at which USERNAME is signed in and has consented to nothing."""
    client.sign_in(visitor, USERNAME)
    return visitor


def test_what_rests_on_legal_duty_is_released_without_asking_pipl_13(client: PortalClient, signed_in: Visitor) -> None:
    assert ask(client, signed_in, "openid profile real_name") is None


@pytest.mark.parametrize("scope", SENSITIVE)
def test_sensitive_data_needs_consent_whoever_asks_pipl_29(
    scope: str, client: PortalClient, signed_in: Visitor
) -> None:
    assert ask(client, signed_in, f"openid profile {scope}")


def test_a_client_that_rests_on_consent_asks_even_for_the_name(
    client_factory: ClientFactory, signed_in: Visitor
) -> None:
    by_consent = client_factory("by-consent")
    assert ask(by_consent, signed_in, "openid") is None
    assert ask(by_consent, signed_in, "openid profile")


def test_the_page_says_what_to_whom_on_which_basis_and_shows_values_masked(
    client: PortalClient, signed_in: Visitor
) -> None:
    signed_in.http.headers["accept-language"] = "en"
    page = ask(client, signed_in, "openid profile phone id_number")
    assert page is not None
    for text in ("Portal alpha", "Your consent", "Sensitive", "133*************14", "100******04"):
        assert text in page
    for secret in ("133100190001010014", "10000000004", "\u9648\u9759"):
        assert secret not in page


def test_consent_is_remembered_and_asked_for_again_only_for_more(client: PortalClient, signed_in: Visitor) -> None:
    client.sign_in(signed_in, scope="openid phone")
    assert ask(client, signed_in, "openid phone") is None
    assert ask(client, signed_in, "openid phone email")
    client.sign_in(signed_in, scope="openid email")
    assert ask(client, signed_in, "openid phone email") is None


def test_consent_is_the_persons_at_one_client_and_at_no_other(
    client_factory: ClientFactory, signed_in: Visitor, provider: Provider
) -> None:
    client_factory("alpha").sign_in(signed_in, scope="openid phone")
    assert ask(client_factory("beta"), signed_in, "openid phone")
    elsewhere = provider.visitor()
    client_factory("alpha").sign_in(elsewhere, USERNAME)
    assert ask(client_factory("alpha"), elsewhere, "openid phone") is None


def test_only_what_was_consented_to_is_released(client: PortalClient, signed_in: Visitor) -> None:
    tokens = client.tokens(signed_in, scope="openid phone")
    assert set(client.userinfo(tokens.access_token).json()) == {"sub", "phone_number", "phone_number_verified"}


def test_denying_is_access_denied_and_releases_nothing_rfc6749_4_1_2_1(
    client: PortalClient, signed_in: Visitor
) -> None:
    asked = client.ask(scope="openid phone")
    page = signed_in.follow(client.authorize(signed_in, asked))
    answer = sent_to_client(signed_in.follow(signed_in.submit(page, "consent-deny")), client.redirect_uri)
    assert set(answer) == {"error", "error_description", "state", "iss"}
    assert (answer["error"], answer["state"]) == ("access_denied", asked.parameters["state"])
    assert ask(client, signed_in, "openid phone")
    assert ask(client, signed_in, "openid profile") is None


def test_a_decision_is_made_once(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    signed_in.follow(signed_in.submit(page, "consent-deny"))
    refused_on_a_page(signed_in.submit(page, "consent-allow"))
    refused_on_a_page(signed_in.get(str(page.url)))
    assert ask(client, signed_in, "openid phone")


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
def test_a_form_without_our_csrf_token_decides_nothing(csrf: str, client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    refused_on_a_page(signed_in.submit(page, "consent-allow", csrf=csrf), 403)
    assert ask(client, signed_in, "openid phone")


def test_the_csrf_token_of_another_request_or_another_persons_is_refused(
    client: PortalClient, signed_in: Visitor, provider: Provider
) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    other_page = signed_in.follow(client.authorize(signed_in, scope="openid id_number"))
    foreign = form_with(other_page, "consent-allow").fields["csrf"]
    refused_on_a_page(signed_in.submit(page, "consent-allow", csrf=foreign), 403)
    stranger = provider.visitor()
    client.sign_in(stranger, "li.beijing")
    refused_on_a_page(stranger.submit(page, "consent-allow"))


@pytest.mark.parametrize("decision", ["", "maybe", "ALLOW"])
def test_a_decision_that_is_neither_yes_nor_no_is_a_page(
    decision: str, client: PortalClient, signed_in: Visitor
) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    refused_on_a_page(signed_in.submit(page, "consent-allow", decision=decision))


def test_a_consent_page_after_logging_out_leads_to_logging_in(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    signed_in.http.cookies.delete("manyou_session")
    answer = signed_in.follow(signed_in.submit(page, "consent-allow"))
    assert 'id="login-submit"' in answer.text
    again = signed_in.follow(signed_in.log_in(answer, USERNAME))
    assert asks_for_consent(again)


def test_a_decision_of_one_person_is_not_the_next_ones(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone", prompt="consent"))
    decided = signed_in.submit(page, "consent-deny")
    # Meanwhile somebody else logs in, for the same request.
    signed_in.http.cookies.delete("manyou_session")
    log_in = signed_in.get(str(page.url).replace("/consent", "/login"))
    assert asks_for_consent(signed_in.follow(signed_in.log_in(log_in, "wang.tianjin")))
    assert decided.status_code == 303


def test_offline_access_is_asked_for_and_what_it_means_is_said_core_11(
    client: PortalClient, signed_in: Visitor
) -> None:
    signed_in.http.headers["accept-language"] = "en"
    page = signed_in.follow(client.authorize(signed_in, scope="openid offline_access", prompt="consent"))
    assert asks_for_consent(page)
    assert "Also after you have logged out" in page.text


def test_without_an_interaction_there_is_nothing_to_consent_to(signed_in: Visitor) -> None:
    refused_on_a_page(signed_in.get("/consent"))
    refused_on_a_page(signed_in.http.post(f"{signed_in.issuer}/consent", data={"decision": "allow"}))


def test_the_form_may_lead_to_this_clients_origin_and_no_other_csp3_form_action(
    client: PortalClient, signed_in: Visitor
) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    (action,) = re.findall(r"form-action ([^;]+)", page.headers["content-security-policy"])
    assert action == f"'self' {client.registration.address}"


def test_decisions_are_kept_as_events(client: PortalClient, signed_in: Visitor, provider: Provider) -> None:
    page = signed_in.follow(client.authorize(signed_in, scope="openid phone"))
    signed_in.follow(signed_in.submit(page, "consent-deny"))
    client.sign_in(signed_in, scope="openid phone")
    for name in ("consent.denied", "consent.given"):
        (event,) = provider.run(provider.parts.stores.audit.latest(1, name))
        assert (event.user_id, event.client_id, event.at) == (USERNAME, client.client_id, provider.clock())
        assert event.detail["scope"] == "phone"


def test_what_was_released_on_another_basis_has_to_be_agreed_to_pipl_14(
    provider: Provider, client_factory: ClientFactory, signed_in: Visitor
) -> None:
    by_consent = client_factory("by-consent")
    consents = provider.parts.stores.consents
    # As if the client had rested on legal duty when the person came first.
    provider.run(consents.give(USERNAME, "by-consent", {"profile": "legal_duty"}, provider.clock()))
    assert ask(by_consent, signed_in, "openid profile")
