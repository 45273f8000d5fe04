"""Withdrawing consent: in the zone, at once, and it ends what that one client built on it (PIPL 15)."""

from __future__ import annotations

import httpx
import pytest

from tests.idp.authorize.answers import asks_for_consent, refused_on_a_page, sent_to_client
from tests.idp.consent.conftest import USERNAME, ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor, form_with


@pytest.fixture
def consented(client: PortalClient, visitor: Visitor) -> Tokens:
    """What `alpha` got when USERNAME consented to their phone number."""
    return client.tokens(visitor, USERNAME, scope="openid profile phone")


def withdraw(visitor: Visitor, **changes: str) -> httpx.Response:
    return visitor.submit(visitor.get("/"), "consent-withdraw-alpha", **changes)


def test_withdrawing_ends_that_clients_sid_tells_it_and_leaves_the_others(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor, consented: Tokens
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    at_beta = beta.tokens(visitor, USERNAME)
    sid = provider.read(consented.id_token)[1]["sid"]
    page = visitor.follow(withdraw(visitor))
    assert page.status_code == 200
    assert 'role="status"' in page.text
    provider.logout_tokens("alpha", sid)
    assert not alpha.active(consented.access_token)
    assert alpha.refresh(consented.refresh_token).json()["error"] == "invalid_grant"
    assert alpha.userinfo(consented.access_token).status_code == 401
    assert beta.active(at_beta.access_token)
    assert "code" in sent_to_client(beta.authorize(visitor, prompt="none"), beta.redirect_uri)


def test_after_withdrawing_the_client_signs_in_anew_under_a_new_sid_and_asks_again(
    provider: Provider, client: PortalClient, visitor: Visitor, consented: Tokens
) -> None:
    withdraw(visitor)
    again = client.tokens(visitor, USERNAME)
    assert provider.read(again.id_token)[1]["sid"] != provider.read(consented.id_token)[1]["sid"]
    assert asks_for_consent(visitor.follow(client.authorize(visitor, scope="openid phone")))


def test_what_rests_on_legal_duty_stays_listed_and_has_no_button(
    client: PortalClient, visitor: Visitor, consented: Tokens
) -> None:
    withdraw(visitor)
    zone = visitor.get("/").text
    assert "consent-withdraw-alpha" not in zone
    assert 'id="release-alpha"' in zone


def test_withdrawing_ends_what_outlived_the_session_too(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, USERNAME, scope="openid offline_access phone", prompt="consent")
    client.end_session(visitor, id_token_hint=tokens.id_token)
    again = client.refresh(tokens.refresh_token)
    assert again.status_code == 200
    client.sign_in(visitor, USERNAME)
    withdraw(visitor)
    assert client.refresh(again.json()["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
def test_without_our_csrf_token_nothing_is_withdrawn(
    csrf: str, client: PortalClient, visitor: Visitor, consented: Tokens
) -> None:
    refused_on_a_page(withdraw(visitor, csrf=csrf), 403)
    assert client.active(consented.access_token)


def test_the_token_of_another_form_or_session_is_refused(
    client: PortalClient, visitor: Visitor, consented: Tokens, provider: Provider
) -> None:
    logout = form_with(visitor.get("/"), "logout-everywhere").fields["csrf"]
    refused_on_a_page(withdraw(visitor, csrf=logout), 403)
    second = provider.visitor()
    client.sign_in(second, USERNAME)
    theirs = form_with(second.get("/"), "consent-withdraw-alpha").fields["csrf"]
    refused_on_a_page(withdraw(visitor, csrf=theirs), 403)
    assert client.active(consented.access_token)


@pytest.mark.parametrize("client_id", ["", "nobody", "\u4e2d"])
def test_an_unknown_client_is_a_page(client_id: str, visitor: Visitor, consented: Tokens) -> None:
    refused_on_a_page(withdraw(visitor, client_id=client_id))


def test_withdrawing_what_was_never_given_leads_back_to_the_zone(visitor: Visitor, consented: Tokens) -> None:
    response = withdraw(visitor, client_id="beta")
    assert (response.status_code, response.headers["location"]) == (303, "/")


def test_signed_out_it_leads_to_logging_in(visitor: Visitor) -> None:
    response = visitor.http.post(f"{visitor.issuer}/consent/withdraw", data={"client_id": "alpha", "csrf": "x"})
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    refused_on_a_page(visitor.get("/consent/withdraw"), 405)


def test_withdrawing_is_kept_as_events(provider: Provider, visitor: Visitor, consented: Tokens) -> None:
    withdraw(visitor)
    (withdrawn,) = provider.run(provider.parts.stores.audit.latest(1, "consent.withdrawn"))
    (ended,) = provider.run(provider.parts.stores.audit.latest(1, "sign_in.ended"))
    assert (withdrawn.user_id, withdrawn.client_id, withdrawn.at) == (USERNAME, "alpha", provider.clock())
    assert (ended.detail["reason"], ended.at) == ("consent_withdrawn", provider.clock())
