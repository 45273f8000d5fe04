"""What /authorize keeps as security events: each answer by name, under its incident number, without a secret."""

from __future__ import annotations

import re

from idp.model import AuditEvent
from tests.idp.authorize.answers import refused_on_a_page, sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor


def latest(provider: Provider, name: str) -> AuditEvent:
    """Return the newest event of that name."""
    event = provider.run(provider.parts.stores.audit.latest(1, name))[0]
    assert isinstance(event, AuditEvent)
    return event


def test_a_grant_is_kept_without_its_code(provider: Provider, client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask(scope="openid profile real_name", nonce="secret-nonce", state="secret-state")
    landing = client.landing(asked, client.authorize(signed_in, asked))
    event = latest(provider, "authorization.granted")
    assert (event.client_id, event.user_id) == ("alpha", "li.beijing")
    assert event.detail["scope"] == "openid profile real_name"
    for secret in (landing.code, "secret-nonce", "secret-state", asked.parameters["code_challenge"]):
        assert secret not in str(event)


def test_a_refusal_that_goes_to_the_client_is_kept_with_its_reason(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    sent_to_client(client.authorize(visitor, prompt="none", state="secret-state"), client.redirect_uri)
    event = latest(provider, "authorization.refused")
    assert (event.client_id, event.address) == ("alpha", "127.0.0.1")
    assert event.detail["code"] == "login_required"
    assert event.detail["reason"] == "no session"
    assert "secret-state" not in str(event)


def test_a_refusal_on_a_page_is_found_by_the_incident_number_that_the_page_shows(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    page = refused_on_a_page(client.authorize(visitor, redirect_uri="https://stranger.example/callback"))
    (incident,) = re.findall(r'id="incident">([^<]+)<', page)
    (event,) = provider.run(provider.parts.stores.audit.latest(5, None, incident))
    assert event.event == "page.refused"
    assert "https://stranger.example/callback" in event.detail["reason"]


def test_a_hint_is_not_kept(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    hint = client.tokens(visitor).access_token
    sent_to_client(client.authorize(visitor, id_token_hint=hint), client.redirect_uri)
    assert hint.split(".")[2] not in str(latest(provider, "authorization.refused"))
