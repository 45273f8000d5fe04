"""The zone: one click to a signed-in visit at each portal; who was there, and what was released on which basis."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.conftest import PersonFactory
from tests.person import PASSWORD, Person


def released(walker: Person) -> dict[str, str]:
    """Return what the zone lists as released, by portal."""
    walker.at("idp", "/")
    seen = walker.seen
    return {id.removeprefix("release-"): seen.text(id) for id in seen.texts if id.startswith("release-")}


def test_signed_out_it_shows_the_four_portals_and_where_to_sign_in(region: RegionThread, person: PersonFactory) -> None:
    stranger = person(region)
    stranger.at("idp", "/")
    assert "京津冀" in stranger.page.text
    assert "一网通办" in stranger.page.text
    assert {f"portal-{portal}" for portal in region.portal_names} <= set(stranger.seen.attributes)
    assert "logout-everywhere" not in stranger.seen.attributes
    stranger.follow("sign-in")
    stranger.log_in()
    assert str(stranger.page.url) == f"{region.issuer}/"
    assert "logout-everywhere" in stranger.seen.attributes


def test_after_logging_in_at_the_zone_each_portal_is_one_click_to_a_signed_in_visit(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "wang.tianjin")
    walker.at("idp", "/login")
    walker.log_in()
    for portal in region.portal_names:
        walker.at("idp", "/")
        walker.follow(f"portal-{portal}")
        assert walker.page.url == f"{region.address(portal)}/me"
        assert walker.read("person-name") == "王芳"


def test_a_click_without_a_session_leads_through_the_log_in_to_the_portal(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region)
    walker.at("idp", "/")
    walker.follow("portal-hebei")
    assert walker.asked_for_password()
    walker.log_in()
    assert walker.page.url == f"{region.address('hebei')}/me"


def test_the_link_into_a_portal_leads_to_its_own_pages_only(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.visit("beijing")
    for elsewhere in ("https://shop.example/", "//shop.example", "/\\shop.example", f"{region.address('hebei')}/me"):
        walker.at("beijing", "/login", params={"target_link_uri": elsewhere})
        assert walker.page.url == f"{region.address('beijing')}/"
    walker.at("beijing", "/login", params={"target_link_uri": f"{region.address('beijing')}/inspect"})
    assert walker.page.url == f"{region.address('beijing')}/inspect"


def test_what_rests_on_legal_duty_is_listed_as_such_for_each_portal_that_was_visited(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.at("idp", "/login")
    walker.log_in()
    assert released(walker) == {}
    walker.visit("beijing")
    walker.visit("xiongan")
    listed = released(walker)
    assert set(listed) == {"beijing", "xiongan"}
    for text in listed.values():
        assert "法定职责" in text
        assert "真实姓名" in text
        assert "同意" not in text
    assert not [id for id in walker.seen.attributes if id.startswith("consent-withdraw")]
    walker.at("beijing", "/login?item=BJ-0102")
    walker.press("consent-allow")
    listed = released(walker)
    assert "同意" in listed["beijing"]
    assert "手机号" in listed["beijing"]
    assert "同意" not in listed["xiongan"]
    assert "consent-withdraw-beijing" in walker.seen.attributes
    assert "consent-withdraw-xiongan" not in walker.seen.attributes


def test_what_is_released_is_announced_before_the_password_is_typed(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region)
    walker.at("tianjin")
    announced = walker.read("login-releases")
    assert "法定职责" in announced
    assert "真实姓名" in announced


def test_in_a_browser_the_zone_is_left_and_found_again(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.issuer}/")
    page.locator("#sign-in").click()
    page.locator("#username").fill("zhang.hebei")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    for portal in region.portal_names:
        page.locator(f"#portal-{portal}").click()
        expect(page.locator("#person-name")).to_have_text("张建国")
        page.locator("footer a").click()
        expect(page).to_have_url(f"{region.issuer}/")
    expect(page.locator(".station.visited")).to_have_count(4)
