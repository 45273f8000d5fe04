"""What people do to pages: reload, go back, open two tabs, click twice, refuse cookies, switch language, use keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lab.region import RegionThread
from tests.journeys.conftest import PageFactory
from tests.person import PASSWORD


def type_in(page: Page, username: str = "li.beijing", password: str = PASSWORD) -> None:
    """Fill in the log-in page, and send it."""
    page.locator("#username").fill(username)
    page.locator("#password").fill(password)
    page.locator("#login-submit").click()


def log_in(page: Page, region: RegionThread, portal: str = "beijing") -> None:
    """Log in at a portal and stop at /me."""
    page.goto(f"{region.address(portal)}/me")
    type_in(page)
    expect(page).to_have_url(f"{region.address(portal)}/me")


def another_tab(page: Page) -> Page:
    """Open a second tab of the same browser."""
    context: BrowserContext = page.context
    return context.new_page()


def test_the_back_button_after_the_log_in_leads_to_no_second_log_in(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('beijing')}/")
    page.locator("#login").click()
    type_in(page)
    expect(page).to_have_url(f"{region.address('beijing')}/")
    page.go_back()
    expect(page.locator("main h1")).to_have_text("这一步已经做过了")
    expect(page.locator("#password")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".visit-name")).to_have_text("李*")


def test_the_answer_of_the_provider_loaded_again_leads_where_it_led_the_first_time(
    region: RegionThread, page: Page
) -> None:
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "/callback?" in request.url else None)
    log_in(page, region)
    assert len(answers) == 1
    page.goto(answers[0])
    expect(page).to_have_url(f"{region.address('beijing')}/me")
    expect(page.locator("#person-name")).to_have_text("李明")


def test_the_answer_of_the_provider_opened_in_another_browser_says_what_happened(
    region: RegionThread, pages: PageFactory
) -> None:
    mine, theirs = pages(), pages()
    answers: list[str] = []
    mine.on("request", lambda request: answers.append(request.url) if "/callback?" in request.url else None)
    log_in(mine, region)
    theirs.goto(answers[0])
    expect(theirs.locator("#problem")).to_have_attribute("data-problem", "flow_unknown")
    theirs.locator("#problem-again").click()
    expect(theirs.locator("#password")).to_be_visible()
    mine.reload()
    expect(mine.locator("#person-name")).to_have_text("李明")


def test_a_second_tab_with_a_log_in_page_from_before_comes_to_where_it_was_going(
    region: RegionThread, page: Page
) -> None:
    page.goto(f"{region.address('beijing')}/me")
    second = another_tab(page)
    second.goto(f"{region.address('tianjin')}/me")
    expect(second.locator("#password")).to_be_visible()
    type_in(page)
    expect(page.locator("#person-name")).to_have_text("李明")
    type_in(second)
    expect(second).to_have_url(f"{region.address('tianjin')}/me")
    page.reload()
    expect(page.locator("#person-name")).to_have_text("李明")


def test_two_tabs_of_one_portal_that_log_in_at_once_both_arrive(region: RegionThread, page: Page) -> None:
    second = another_tab(page)
    page.goto(f"{region.address('hebei')}/me")
    second.goto(f"{region.address('hebei')}/inspect")
    for tab in (page, second):
        tab.locator("#username").fill("li.beijing")
        tab.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click(no_wait_after=True)
    second.locator("#login-submit").click(no_wait_after=True)
    expect(page).to_have_url(f"{region.address('hebei')}/me")
    expect(second).to_have_url(f"{region.address('hebei')}/inspect")
    page.reload()
    expect(page.locator("#person-name")).to_have_text("李明")


def test_a_second_tab_reloaded_after_the_log_in_is_signed_in_without_a_password(
    region: RegionThread, page: Page
) -> None:
    page.goto(f"{region.address('beijing')}/me")
    second = another_tab(page)
    second.goto(f"{region.address('xiongan')}/me")
    type_in(page)
    expect(page.locator("#person-name")).to_have_text("李明")
    second.reload()
    expect(second).to_have_url(f"{region.address('xiongan')}/me")
    expect(second.locator("#person-name")).to_have_text("李明")


def test_a_log_in_page_that_was_answered_already_says_so_and_leads_on(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('beijing')}/me")
    form = page.url
    type_in(page)
    expect(page.locator("#person-name")).to_have_text("李明")
    page.goto(form)
    expect(page.locator("main h1")).to_have_text("这一步已经做过了")
    page.locator("main .actions a").first.click()
    expect(page).to_have_url(f"{region.address('beijing')}/me")
    expect(page.locator("#person-name")).to_have_text("李明")


def test_a_double_click_on_the_button_is_one_log_in(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('tianjin')}/me")
    page.locator("#username").fill("li.beijing")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").dblclick(no_wait_after=True)
    expect(page).to_have_url(f"{region.address('tianjin')}/me")
    expect(page.locator("#person-name")).to_have_text("李明")


def test_a_double_click_on_allow_is_one_consent(region: RegionThread, pages: PageFactory) -> None:
    page = pages()
    page.goto(f"{region.address('hebei')}/me")
    type_in(page, "gao.beijing")
    page.goto(f"{region.address('hebei')}/login?item=HE-0101")
    page.locator("#consent-allow").dblclick(no_wait_after=True)
    expect(page).to_have_url(f"{region.address('hebei')}/items/HE-0101")
    expect(page.locator("#gate")).to_have_attribute("data-gate", "ready")


def test_without_cookies_there_is_a_clear_page_and_no_loop(region: RegionThread, pages: PageFactory) -> None:
    """Chromium's own switch is a setting of its profile; to forget them before the form is sent comes to the same."""
    page = pages()
    page.goto(f"{region.address('beijing')}/")
    page.context.clear_cookies()
    page.locator("#login").click()
    page.context.clear_cookies()
    type_in(page)
    expect(page.locator("#incident")).to_be_visible()
    expect(page.locator("main .actions a").first).to_be_visible()
    assert "Cookie" in (page.locator("main").text_content() or "")


def test_without_cookies_at_the_portal_alone_there_is_a_clear_page_too(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('beijing')}/me")
    page.context.clear_cookies(domain="beijing.localhost")
    type_in(page)
    expect(page.locator("#problem")).to_have_attribute("data-problem", "flow_unknown")
    assert "Cookie" in (page.locator("main").text_content() or "")


def test_a_language_switch_keeps_the_place(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('beijing')}/items/BJ-0101")
    page.locator("a.language").click()
    expect(page).to_have_url(f"{region.address('beijing')}/items/BJ-0101")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("#item-login").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("a.language").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    type_in(page, password="not-the-password")
    expect(page.locator("#login-error")).to_be_visible()
    page.locator("a.language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    type_in(page, "chen.xiongan")
    page.locator("#item-consent").click()
    page.locator("#consent-deny").click()
    expect(page.locator("#problem")).to_be_visible()
    page.locator("a.language").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_the_whole_way_in_and_out_by_keyboard_alone(region: RegionThread, page: Page) -> None:
    page.goto(f"{region.address('xiongan')}/")
    _tab_to(page, "login")
    page.keyboard.press("Enter")
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("li.beijing")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".visit-name")).to_have_text("李*")
    page.goto(f"{region.address('xiongan')}/logout")
    _tab_to(page, "logout-yes")
    page.keyboard.press("Enter")
    expect(page.locator(".notice-good")).to_be_visible()


def _tab_to(page: Page, id: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == id:
            return
    raise AssertionError(f"#{id} cannot be reached by Tab")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_everything_works_without_scripts(region: RegionThread, pages: PageFactory, phone: bool) -> None:
    page = pages(scripts=False, phone=phone, language="en")
    page.goto(f"{region.address('beijing')}/items/BJ-0101")
    page.locator("#item-login").click()
    type_in(page, "wang.tianjin")
    expect(page.locator("#gate")).to_be_visible()
    for portal in region.portal_names:
        page.goto(f"{region.address(portal)}/me")
        expect(page.locator("#person-name")).to_have_text("王芳")
    page.goto(f"{region.issuer}/")
    page.locator("#logout-everywhere").click()
    expect(page.locator("#delivery-beijing")).to_be_visible()
    page.goto(f"{region.address('hebei')}/me")
    expect(page.locator("#password")).to_be_visible()


def test_a_log_out_form_from_before_does_no_harm(region: RegionThread, page: Page) -> None:
    log_in(page, region)
    page.goto(f"{region.address('beijing')}/logout")
    second = another_tab(page)
    second.goto(f"{region.issuer}/")
    second.locator("#logout-everywhere").click()
    expect(second.locator("#delivery-beijing")).to_be_visible()
    page.locator("#logout-yes").click()
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator("#incident")).to_have_count(0)
