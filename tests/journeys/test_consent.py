"""Consent: asked for sensitive data, remembered, refused without harm, withdrawn where it was listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lab.region import RegionThread
from tests.journeys.as_portal import userinfo, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.journeys.fifth_portal import write_fifth_portal
from tests.person import PASSWORD

ITEM = "/items/BJ-0101"
START = "/login?item=BJ-0101"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    """A region for these stories alone: what one person consented to would surprise others. Each has its own person."""
    places = write_fifth_portal(tmp_path_factory.mktemp("places"), legal_basis="consent")
    with RegionThread(tmp_path_factory.mktemp("consents") / "var", portal_places=places) as running:
        yield running


def test_an_item_that_needs_the_id_number_asks_once_and_remembers(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "li.beijing")
    walker.visit("beijing")
    walker.at("beijing", ITEM)
    assert walker.seen.attributes["gate"]["data-gate"] == "consent"
    walker.follow("item-consent")
    assert walker.page.url.host == "idp.localhost"
    for told in ("身份证", "110*", "北京市政务服务门户", "同意"):
        assert told in walker.page.text
    assert "110000190001010012" not in walker.page.text
    walker.press("consent-allow")
    assert walker.page.url == region.address("beijing") + ITEM
    assert walker.seen.attributes["gate"]["data-gate"] == "ready"
    walker.at("beijing", START)
    assert walker.page.url == region.address("beijing") + ITEM
    elsewhere = person(region, "li.beijing")
    elsewhere.visit("beijing")
    elsewhere.at("beijing", START)
    assert elsewhere.page.url == region.address("beijing") + ITEM


def test_who_does_not_consent_comes_to_a_friendly_page_and_stays_signed_in(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "wang.tianjin")
    walker.visit("beijing")
    walker.at("beijing", START)
    walker.press("consent-deny")
    assert walker.page.url.host == "beijing.localhost"
    assert walker.seen.attributes["problem"]["data-problem"] == "declined"
    assert "BJ-0101" in walker.seen.attributes["problem-again"]["href"]
    assert walker.is_signed_in("beijing")
    assert "id_number" not in walker.page.text
    walker.at("beijing", START)
    assert "consent-allow" in walker.seen.attributes


def test_withdrawn_in_the_zone_it_ends_that_portals_session_only(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "chen.xiongan")
    walker.roam(["beijing", "tianjin", "hebei"])
    walker.at("beijing", START)
    walker.press("consent-allow")
    _, access_token = walker.tokens("beijing")
    walker.at("idp", "/")
    walker.press("consent-withdraw-beijing")
    assert "consent-withdraw-beijing" not in walker.seen.attributes
    assert eventually(lambda: not walker.is_signed_in("beijing"))
    assert whoami(walker, "beijing", access_token).status_code == 401
    assert userinfo(walker, "beijing", access_token).status_code == 401
    assert walker.is_signed_in("tianjin")
    assert walker.is_signed_in("hebei")
    # What rests on legal duty goes on: the next visit needs no password, and knows no ID number any more.
    walker.visit("beijing")
    assert walker.page.url == f"{region.address('beijing')}/me"
    assert 'data-scope="id_number"' not in walker.page.text
    walker.at("beijing", START)
    assert "consent-allow" in walker.seen.attributes


def test_a_portal_whose_basis_is_consent_asks_at_the_first_visit(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "adili.beijing")
    walker.visit("beijing")
    walker.at("shanxi")
    assert "consent-allow" in walker.seen.attributes
    walker.press("consent-deny")
    assert walker.seen.attributes["problem"]["data-problem"] == "declined"
    assert not walker.is_signed_in("shanxi")
    walker.at("shanxi")
    walker.press("consent-allow")
    assert walker.read("person-name") == "阿依古丽·买买提"
    walker.log_out("shanxi")
    walker.visit("shanxi")
    assert walker.page.url == f"{region.address('shanxi')}/me"


def test_what_is_not_on_file_is_said_so_and_not_released(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "zhao.hebei")
    walker.visit("beijing")
    walker.at("beijing", "/login?item=BJ-0105")
    assert "consent-allow" in walker.seen.attributes
    walker.press("consent-allow")
    walker.at("beijing")
    assert 'data-scope="phone"' not in walker.page.text


def test_somebody_elses_consent_form_decides_nothing_for_me(region: RegionThread, person: PersonFactory) -> None:
    mine, other = person(region, "rare.tianjin"), person(region, "liu.hebei")
    for walker in (mine, other):
        walker.visit("beijing")
        walker.at("beijing", START)
    form = dict(other.seen.forms[0].fields)
    mine.at("idp", "/consent", method="POST", data={**form, "decision": "allow"})
    assert mine.page.status_code in (400, 403)
    mine.at("beijing", START)
    assert "consent-allow" in mine.seen.attributes


def test_in_a_browser_from_the_item_through_log_in_and_consent_to_log_out(region: RegionThread, page: Page) -> None:
    """The longest chain of forms and redirects that the pages' Content-Security-Policy has to let through."""
    page.goto(region.address("beijing") + ITEM)
    page.locator("#item-login").click()
    page.locator("#username").fill("gao.beijing")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    page.locator("#item-consent").click()
    page.locator("#consent-deny").click()
    expect(page.locator("#problem")).to_have_attribute("data-problem", "declined")
    page.goto(region.address("beijing") + START)
    page.locator("#consent-allow").click()
    expect(page.locator("#gate")).to_have_attribute("data-gate", "ready")
    page.goto(f"{region.issuer}/")
    page.locator("#consent-withdraw-beijing").click()
    expect(page.locator("#consent-withdraw-beijing")).to_have_count(0)
    page.goto(region.address("beijing") + START)
    page.locator("#consent-allow").click()
    page.goto(f"{region.address('beijing')}/logout")
    page.locator("#logout-yes").click()
    expect(page.locator(".notice-good")).to_be_visible()
