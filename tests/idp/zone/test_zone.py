"""The zone: the portals, who is signed in, where, what is released to whom, and how far portals were told."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx
import pytest

from tests.idp.authorize.answers import refused_on_a_page
from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.listener import Received, Reply
from tests.portal_client import PortalClient
from tests.visitor import Visitor, form_with

ClientFactory = Callable[[str], PortalClient]
USERNAME = "wang.tianjin"


def part(page: httpx.Response, id: str) -> str:
    """Return the list item with that id, as text with its tags taken out."""
    found = re.search(rf'<li[^>]*id="{re.escape(id)}".*?</li>', page.text, re.DOTALL)
    assert found, f"no #{id}"
    return re.sub(r"<[^>]+>", " ", found[0])


@pytest.fixture
def english(visitor: Visitor) -> Visitor:
    """`visitor`, who reads English."""
    visitor.http.headers["accept-language"] = "en"
    return visitor


def test_a_stranger_sees_the_portals_and_no_person(english: Visitor, provider: Provider) -> None:
    zone = english.get("/")
    assert zone.status_code == 200
    for client_id in provider.registrations:
        assert f'id="portal-{client_id}"' in zone.text
    assert 'href="/login"' in zone.text
    for of_people in ("logout-everywhere", "consent-withdraw", "release-", "delivery-"):
        assert of_people not in zone.text


def test_each_portal_is_one_click_to_a_signed_in_visit_core_4(english: Visitor, client: PortalClient) -> None:
    (link,) = re.findall(r'id="portal-alpha" href="([^"]+)"', english.get("/").text)
    address, _, query = html.unescape(link).partition("?")
    assert address == client.registration.table["initiate_login_uri"]
    # Which of its pages to land on is the client's to know: one that was not written for us has no /me.
    assert dict(parse_qsl(query)) == {"iss": client.issuer}


def test_whoever_is_signed_in_sees_the_name_masked_the_level_and_where_they_have_been(
    client: PortalClient, english: Visitor
) -> None:
    client.sign_in(english, USERNAME)
    zone = english.get("/")
    assert "Hello, \u738b*" in zone.text
    for secret in ("\u738b\u82b3", "120000190001010014", "10000000002", "wang.fang@example.cn"):
        assert secret not in zone.text
    visited = re.findall(r'class="station at-(\S+) visited"', zone.text)
    assert visited == ["alpha"]


def test_what_rests_on_legal_duty_is_listed_from_the_first_visit_on(
    client_factory: ClientFactory, english: Visitor
) -> None:
    client_factory("alpha").sign_in(english, USERNAME, scope="openid profile real_name")
    listed = part(english.get("/"), "release-alpha")
    assert "statutory duty" in listed.lower()
    assert "consent-withdraw-alpha" not in english.get("/").text.split('id="release-alpha"')[1].split("</li>")[0]


def test_what_was_consented_to_is_listed_with_a_button_to_withdraw_it(client: PortalClient, english: Visitor) -> None:
    client.sign_in(english, "adili.beijing", scope="openid profile email")
    zone = english.get("/")
    assert form_with(zone, "consent-withdraw-alpha").fields["client_id"] == "alpha"
    assert "consent" in part(zone, "release-alpha").lower()
    form = form_with(zone, "consent-withdraw-alpha")
    assert (form.method, form.action) == ("post", "/consent/withdraw")


def test_the_zone_logs_out_everywhere_and_says_so(
    provider: Provider, client_factory: ClientFactory, english: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    alpha.sign_in(english, USERNAME)
    sid = provider.read(beta.tokens(english, USERNAME).id_token)[1]["sid"]
    page = english.submit(english.get("/"), "logout-everywhere")
    assert page.status_code == 200
    for client_id in ("alpha", "beta"):
        assert f'id="delivery-{client_id}"' in page.text
    provider.logout_tokens("beta", sid)
    assert not signed_in(alpha, english)


@pytest.mark.parametrize("csrf", ["", "x"])
def test_the_zones_form_without_its_csrf_token_ends_nothing(csrf: str, client: PortalClient, english: Visitor) -> None:
    client.sign_in(english, USERNAME)
    refused_on_a_page(english.submit(english.get("/"), "logout-everywhere", csrf=csrf), 403)
    assert signed_in(client, english)


def test_the_zone_shows_whether_the_portals_were_told(
    provider: Provider, client: PortalClient, english: Visitor
) -> None:
    path, person = "/backchannel-logout/alpha", "liu.hebei"
    # What earlier tests left of this person is told first, and so is not the latest.
    provider.run(provider.parts.sign_outs.expire(provider.parts.settings.idp_session_idle_seconds))
    tokens = client.tokens(english, person)
    sid = provider.read(tokens.id_token)[1]["sid"]
    refused: list[Received] = []

    def at_the_second_try(received: Received) -> Reply:
        if refused or provider.read(received.form["logout_token"])[1]["sid"] != sid:
            return Reply()
        refused.append(received)
        return Reply(status=503)

    provider.listener.replies[path] = at_the_second_try
    try:
        client.end_session(english, id_token_hint=tokens.id_token)
        assert outcome(provider, person, sid, "pending") == "http_503"
        client.sign_in(english, person)
        assert 'id="delivery-alpha" class="delivery retrying"' in english.get("/").text
        # The pause of a client that failed is at most so long by the clock.
        provider.clock.advance(3)
        assert outcome(provider, person, sid, "delivered") == "http_200"
        assert 'id="delivery-alpha" class="delivery delivered"' in english.get("/").text
    finally:
        del provider.listener.replies[path]


def outcome(provider: Provider, person: str, sid: str, state: str) -> str:
    """Return what came of the latest attempt to tell of that sid, as soon as the delivery has come to that state."""

    async def wait() -> str:
        async with asyncio.timeout(20):
            while True:
                for row in await provider.parts.stores.deliveries.of_person(person, 5):
                    if (row.sid, row.state) == (sid, state) and row.outcome is not None:
                        return row.outcome
                await asyncio.sleep(0.002)

    return str(provider.run(wait()))


@pytest.mark.parametrize("query", ["notice=withdrawn", "notice=%3Cscript%3E", "notice=signed_in", "x=%ff", "lang=fr"])
def test_a_query_changes_nothing_for_a_stranger(query: str, visitor: Visitor) -> None:
    page = visitor.get(f"/?{query}")
    assert page.status_code == 200
    assert 'role="status"' not in page.text
