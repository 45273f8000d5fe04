"""response_mode=form_post: the answer travels in a form that submits itself (Form Post 1.0)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser import new_page
from tests.idp.authorize.answers import GO, posted_to_client, refused_on_a_page
from tests.idp.authorize.test_response import STATES
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import PASSWORD, Visitor


def test_success_is_posted_with_code_state_and_iss_form_post_2(certified: PortalClient, someone: Visitor) -> None:
    asked = certified.ask(response_mode="form_post")
    response = certified.authorize(someone, asked)
    posted = posted_to_client(response, certified.redirect_uri)
    assert set(posted) == {"code", "state", "iss", "session_state"}
    assert (posted["state"], posted["iss"]) == (asked.parameters["state"], certified.issuer)
    assert posted["code"] not in response.headers.get("location", "")


def test_a_posted_code_is_redeemed_like_any_other(certified: PortalClient, someone: Visitor) -> None:
    asked = certified.ask(response_mode="form_post")
    posted = posted_to_client(certified.authorize(someone, asked), certified.redirect_uri)
    assert certified.call("/token", {
        "grant_type": "authorization_code", "code": posted["code"], "redirect_uri": certified.redirect_uri,
        "code_verifier": asked.code_verifier,
    }).status_code == 200  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "nothing"}, "invalid_scope"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"max_age": "soon"}, "invalid_request"),
    ],
)
def test_an_error_is_posted_too_form_post_2(
    changes: dict[str, str | None], error: str, certified: PortalClient, someone: Visitor
) -> None:
    asked = certified.ask(**{"response_mode": "form_post", **changes})
    posted = posted_to_client(certified.authorize(someone, asked), certified.redirect_uri)
    assert set(posted) == {"error", "error_description", "state", "iss"}
    assert (posted["error"], posted["state"]) == (error, asked.parameters["state"])


def test_prompt_none_without_a_session_is_posted_and_asks_nobody_core_3_1_2_6(
    certified: PortalClient, shared_certified: Provider
) -> None:
    nobody = shared_certified.visitor()
    response = certified.authorize(nobody, response_mode="form_post", prompt="none")
    assert posted_to_client(response, certified.redirect_uri)["error"] == "login_required"


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
@pytest.mark.parametrize("wrong", [{}, {"scope": "nothing"}], ids=["code", "error"])
def test_state_comes_back_byte_for_byte_form_post_2(
    state: str, wrong: dict[str, str], certified: PortalClient, someone: Visitor
) -> None:
    asked = certified.ask(response_mode="form_post", state=state, **wrong)
    posted = posted_to_client(certified.authorize(someone, asked), certified.redirect_uri)
    assert posted["state"] == state
    assert ("error" in posted) == bool(wrong)


def test_a_registered_query_stays_in_the_forms_address(certified: PortalClient, someone: Visitor) -> None:
    registered = str(certified.registration.table["redirect_uris"][1])
    response = certified.authorize(someone, response_mode="form_post", redirect_uri=registered)
    assert "kept" not in posted_to_client(response, registered)


def test_without_a_good_redirect_uri_the_refusal_stays_a_page(certified: PortalClient, someone: Visitor) -> None:
    stranger = "https://stranger.example/callback"
    page = refused_on_a_page(certified.authorize(someone, response_mode="form_post", redirect_uri=stranger))
    assert GO not in page


def test_the_page_may_send_its_form_to_the_client_and_run_its_one_script(
    certified: PortalClient, someone: Visitor
) -> None:
    page = certified.authorize(someone, response_mode="form_post")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["form-action"].split() == ["'self'", certified.registration.address]
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy["script-src"])
    assert f'<script nonce="{nonce}">document.forms[0].submit()</script>' in page.text
    assert page.text.count("<script") == page.text.count("<form") == 1
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    # In another language it would be another answer.
    assert "/language/" not in page.text


def test_the_page_speaks_the_language_that_was_asked_for_core_3_1_2_1(
    certified: PortalClient, someone: Visitor
) -> None:
    for locale, word, changes in (("zh-CN", "继续", {}), ("en", "Continue", {"scope": "nothing"})):
        page = certified.authorize(someone, certified.ask(response_mode="form_post", ui_locales=locale, **changes))
        assert f'<html lang="{locale}">' in page.text
        assert f">{word}</button>" in page.text


@pytest.mark.parametrize("scripts", [True, False], ids=["by itself", "by the button"])
def test_a_browser_gets_there(
    scripts: bool, certified: PortalClient, browser: Browser, shared_certified: Provider
) -> None:
    asked = certified.ask(response_mode="form_post", state=f"{STATES[4]} {STATES[3]} {scripts}")
    with new_page(browser, scripts=scripts, phone=not scripts) as page:
        page.goto(certified.authorize_url(asked))
        page.locator("#username").fill("li.beijing")
        page.locator("#password").fill(PASSWORD)
        page.locator("#login-submit").click()
        if not scripts:
            page.locator(f"#{GO}").click()
        page.wait_for_url(certified.redirect_uri)
    state = asked.parameters["state"]
    (sent,) = shared_certified.listener.wait("/callback", lambda one: one.form.get("state") == state)
    assert sent.method == "POST"
    assert set(sent.form) == {"code", "state", "iss", "session_state"}
    assert "referer" not in sent.headers
