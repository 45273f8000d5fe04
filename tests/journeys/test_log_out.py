"""Logging out at one place ends everything; where nothing proves the wish, the provider asks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from lab.region import RegionThread
from tests.journeys.conftest import PageFactory, PersonFactory
from tests.journeys.eventually import eventually
from tests.person import PASSWORD, Person


def signed_in_at(walker: Person) -> list[str]:
    """Return the portals at which the person is signed in."""
    return [portal for portal in walker.region.portal_names if walker.is_signed_in(portal)]


@pytest.mark.parametrize("where", ["beijing", "xiongan"])
def test_logging_out_at_one_portal_ends_all_four(region: RegionThread, person: PersonFactory, where: str) -> None:
    walker = person(region)
    walker.roam(region.portal_names)
    assert len(signed_in_at(walker)) == 4
    walker.log_out(where)
    assert walker.page.status_code == 200
    assert walker.page.url.host == f"{where}.localhost"
    assert "已退出" in walker.page.text
    assert eventually(lambda: not signed_in_at(walker))
    walker.at("tianjin")
    assert walker.asked_for_password()


def test_logging_out_everywhere_in_the_zone_ends_all_four_and_shows_that_each_was_told(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "wang.tianjin")
    walker.roam(region.portal_names)
    walker.log_out_everywhere()
    assert eventually(lambda: not signed_in_at(walker))

    def all_told() -> bool:
        walker.at("idp", "/")
        shown = walker.seen.attributes
        return all(shown[f"delivery-{portal}"]["data-state"] == "delivered" for portal in region.portal_names)

    assert eventually(all_told)


def test_logging_out_of_one_browser_leaves_another_of_the_same_person_alone(
    region: RegionThread, person: PersonFactory
) -> None:
    at_home, at_work = person(region), person(region)
    for walker in (at_home, at_work):
        walker.roam(["beijing", "hebei"])
    at_home.log_out("beijing")
    assert eventually(lambda: not signed_in_at(at_home))
    assert signed_in_at(at_work) == ["beijing", "hebei"]


def test_a_log_out_form_of_another_site_ends_nothing(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.visit("beijing")
    for csrf in ({"csrf": "0" * 64}, {"csrf": ""}):
        walker.at("beijing", "/logout", method="POST", data=csrf)
        assert walker.page.status_code == 403
        walker.at("idp", "/end_session", method="POST", data={**csrf, "decision": "yes"})
        assert walker.page.status_code == 403
    assert walker.is_signed_in("beijing")
    assert walker.visit("tianjin").status_code == 200


def test_without_a_hint_the_provider_asks_and_no_means_no(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    walker.at("idp", "/end_session")
    walker.press("logout-no")
    assert str(walker.page.url) == f"{region.issuer}/"
    assert signed_in_at(walker) == ["beijing", "tianjin"]
    walker.at("idp", "/end_session")
    walker.press("logout-yes")
    assert eventually(lambda: not signed_in_at(walker))


def test_somebody_elses_hint_does_not_log_me_out(region: RegionThread, person: PersonFactory) -> None:
    mine, other = person(region), person(region, "zhang.hebei")
    mine.visit("beijing")
    other.visit("beijing")
    id_token, _ = other.tokens("beijing")
    mine.at("idp", "/end_session", params={"id_token_hint": id_token})
    assert "logout-yes" in mine.seen.attributes
    assert id_token not in mine.page.text
    assert mine.is_signed_in("beijing")
    assert other.is_signed_in("beijing")


def test_in_a_browser_one_click_at_one_portal_ends_all_four(region: RegionThread, page: Page) -> None:
    _log_in(page, region, "beijing")
    for portal in region.portal_names:
        page.goto(f"{region.address(portal)}/me")
        expect(page.locator("#person-name")).to_have_text("李明")
    page.goto(f"{region.address('hebei')}/logout")
    page.locator("#logout-yes").click()
    expect(page.locator(".notice-good")).to_be_visible()
    assert page.url.startswith(f"{region.address('hebei')}/")
    for portal in region.portal_names:
        page.goto(f"{region.address(portal)}/me")
        expect(page.locator("#password")).to_be_visible()


def test_in_a_browser_the_provider_asks_no_and_yes_and_the_zone_ends_everything(
    region: RegionThread, pages: PageFactory
) -> None:
    page = pages(language="en")
    _log_in(page, region, "beijing")
    page.goto(f"{region.issuer}/end_session")
    page.locator("#logout-no").click()
    expect(page).to_have_url(f"{region.issuer}/")
    page.goto(f"{region.issuer}/end_session")
    page.locator("#logout-yes").click()
    expect(page.locator("#delivery-beijing")).to_be_visible()
    _log_in(page, region, "tianjin")
    page.goto(f"{region.issuer}/")
    page.locator("#logout-everywhere").click()
    expect(page.locator("#delivery-tianjin")).to_be_visible()
    page.goto(f"{region.address('tianjin')}/me")
    expect(page.locator("#password")).to_be_visible()


def test_in_a_browser_the_provider_asks_and_goes_back_to_the_portal_that_sent_me(
    region: RegionThread, page: Page
) -> None:
    """With a hint of a sign-in that is over the provider asks; its form may then lead to the portal (CSP)."""
    _log_in(page, region, "beijing")
    page.goto(f"{region.address('beijing')}/inspect")
    hint = page.locator("#id-token").text_content() or ""
    page.goto(f"{region.address('beijing')}/logout")
    page.locator("#logout-yes").click()
    expect(page.locator(".notice-good")).to_be_visible()
    _log_in(page, region, "tianjin")
    after = f"{region.address('beijing')}/"
    page.goto(f"{region.issuer}/end_session?id_token_hint={hint}&post_logout_redirect_uri={after}&state=so")
    page.locator("#logout-yes").click()
    expect(page).to_have_url(f"{after}?state=so")


def _log_in(page: Page, region: RegionThread, portal: str) -> None:
    page.goto(f"{region.address(portal)}/me")
    page.locator("#username").fill("li.beijing")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    expect(page).to_have_url(f"{region.address(portal)}/me")
