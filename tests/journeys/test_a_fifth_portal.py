"""A fifth portal is one folder: nothing else is written, and a browser roams it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import parts_of, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.journeys.fifth_portal import write_fifth_portal
from tests.person import PASSWORD


def test_a_browser_roams_a_portal_that_is_one_folder_with_one_file(
    make_region: RegionFactory, page: Page, tmp_path: Path
) -> None:
    region: RegionThread = make_region(portal_places=write_fifth_portal(tmp_path / "places"))
    assert region.portal_names[-1] == "shanxi"
    page.goto(f"{region.address('beijing')}/me")
    page.locator("#username").fill("li.beijing")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    expect(page.locator("#person-name")).to_have_text("李明")
    page.goto(f"{region.issuer}/")
    page.locator("#portal-shanxi").click()
    expect(page).to_have_url(f"{region.address('shanxi')}/me")
    expect(page.locator("#person-name")).to_have_text("李明")
    expect(page.locator("#person-visit")).to_contain_text("漫游")
    page.goto(f"{region.address('shanxi')}/items/SX-0101")
    expect(page.locator("#gate")).to_have_attribute("data-gate", "consent")
    colour = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--colour').trim()")
    assert colour == "#5b3a8c"


def test_its_log_out_and_its_tokens_are_its_own(
    make_region: RegionFactory, person: PersonFactory, tmp_path: Path
) -> None:
    region: RegionThread = make_region(portal_places=write_fifth_portal(tmp_path / "places"))
    walker = person(region, "chen.xiongan")
    assert walker.roam(region.portal_names) == ["陈静"] * 5
    _, access_token = walker.tokens("shanxi")
    answers = {
        portal: whoami(walker, portal, access_token, key=parts_of(region, "shanxi").dpop_key).status_code
        for portal in region.portal_names
    }
    assert answers == {"beijing": 401, "tianjin": 401, "hebei": 401, "xiongan": 401, "shanxi": 200}
    walker.log_out("shanxi")
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in region.portal_names))
