"""A person types a password once and reads their own name at four portals."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from lab.region import RegionThread
from tests.journeys.conftest import PageFactory, PersonFactory
from tests.person import PASSWORD

PEOPLE = {
    "li.beijing": ("李明", "3 级 · 实人", "北京"),
    "wang.tianjin": ("王芳", "3 级 · 实人", "天津"),
    "zhang.hebei": ("张建国", "2 级 · 实名", "河北"),
    "chen.xiongan": ("陈静", "4 级 · 实证", "雄安"),
    "adili.beijing": ("阿依古丽·买买提", "3 级 · 实人", "北京"),
    "rare.tianjin": ("孙㛃", "3 级 · 实人", "天津"),
    "zhou.xiongan": ("周𬎆", "2 级 · 实名", "雄安"),
    "zhao.hebei": ("赵秀英", "1 级 · 已注册", "河北"),
}


@pytest.mark.parametrize("username", PEOPLE)
def test_a_person_types_a_password_once_and_reads_their_name_level_and_home_at_every_portal(
    region: RegionThread, person: PersonFactory, username: str
) -> None:
    name, level, home = PEOPLE[username]
    walker = person(region, username)
    passwords = 0
    for portal in region.portal_names:
        walker.at(portal)
        if walker.asked_for_password():
            passwords += 1
            walker.log_in()
        assert walker.page.url == f"{region.address(portal)}/me"
        assert (walker.read("person-name"), walker.read("person-level")) == (name, level)
        assert home in walker.read("person-home")
    assert passwords == 1


def test_a_roam_shows_no_page_between_one_portal_and_the_next(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.visit("beijing")
    before = len(walker.hops)
    walker.at("tianjin")
    hops = [(hop.status_code, hop.url.host, hop.url.path) for hop in walker.hops[before:]]
    assert hops == [
        (303, "tianjin.localhost", "/me"),
        (303, "tianjin.localhost", "/login"),
        (303, "idp.localhost", "/authorize"),
        (303, "tianjin.localhost", "/callback"),
        (200, "tianjin.localhost", "/me"),
    ]


def test_me_answers_nobody_who_is_signed_out(region: RegionThread, person: PersonFactory) -> None:
    stranger = person(region)
    for portal in region.portal_names:
        assert not stranger.is_signed_in(portal)
        assert stranger.page.status_code == 303


def test_public_pages_show_the_mask_and_only_me_the_whole_name(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.visit("hebei")
    assert "李明" in walker.page.text
    for portal, path in (("hebei", "/"), ("hebei", "/items/HE-0101"), ("hebei", "/inspect"), ("idp", "/")):
        walker.at(portal, path)
        assert walker.page.status_code == 200
        assert "李*" in walker.page.text
        assert "李明" not in walker.page.text


@pytest.mark.parametrize(("language", "phone"), [("zh-CN", True), ("en", False)], ids=["phone, zh-CN", "desk, en"])
def test_the_same_in_a_browser(region: RegionThread, pages: PageFactory, language: str, phone: bool) -> None:
    page = pages(language=language, phone=phone)
    page.goto(f"{region.address('beijing')}/")
    page.locator("#login").click()
    page.locator("#username").fill("wang.tianjin")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    expect(page).to_have_url(f"{region.address('beijing')}/")
    for portal in region.portal_names:
        page.goto(f"{region.address(portal)}/me")
        expect(page).to_have_url(f"{region.address(portal)}/me")
        expect(page.locator("#person-name")).to_have_text("王芳")
        expect(page.locator("#person-level")).to_contain_text("3")
        expect(page.locator("#person-home")).to_have_text("天津" if language == "zh-CN" else "Tianjin")
        expect(page.locator("html")).to_have_attribute("lang", language)
        _fits(page)
    page.goto(f"{region.address('xiongan')}/inspect")
    for token in ("id-token", "access-token"):
        assert len((page.locator(f"#{token}").text_content() or "").split(".")) == 3
    expect(page.locator("#verdict .fail")).to_have_count(0)
    _fits(page)


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    expect(page.locator(".demonstration")).to_be_visible()
