"""/check_session in a frame of a client's page: Session Management 1.0, 3.2 and 3.3, in a real browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import new_page
from tests.idp.provider import Provider
from tests.listener import Reply
from tests.portal_client import PortalClient
from tests.visitor import PASSWORD
from web.pages import origin

ASK = """message => new Promise(answer => {
  addEventListener("message", event => answer([event.data, event.origin]), { once: true });
  document.querySelector("iframe").contentWindow.postMessage(message, "*");
})"""


@pytest.fixture(scope="module")
def watching(shared_watched: Provider) -> Provider:
    """The provider, and a page at its clients that holds /check_session."""
    page = f'<!doctype html><iframe src="{shared_watched.issuer}/check_session"></iframe>'
    shared_watched.listener.replies["/watch"] = Reply(body=page.encode(), content_type="text/html")
    return shared_watched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nobody."""
    with new_page(browser) as opened:
        yield opened


def signed_in(page: Page, client: PortalClient) -> str:
    """Log in at the client, then open its page that watches; return the session_state."""
    page.goto(client.authorize_url(client.ask()))
    page.locator("#username").fill("li.beijing")
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    page.wait_for_url(f"{client.redirect_uri}?**")
    (state,) = re.findall(r"session_state=([^&]+)", page.url)
    watch(page, client)
    return str(state)


def watch(page: Page, client: PortalClient) -> None:
    page.goto(f"{origin(client.redirect_uri)}/watch")


def answer(page: Page, message: object, issuer: str) -> str:
    """Post the message to the frame and return what comes back, after checking from whom."""
    data, sender = page.evaluate(ASK, message)
    assert sender == issuer
    return str(data)


def test_it_says_unchanged_until_the_log_out_and_changed_from_then_on_session_management_3_2(
    page: Page, watching: Provider
) -> None:
    client = watching.client("near")
    asked = f"near {signed_in(page, client)}"
    assert answer(page, asked, watching.issuer) == "unchanged"
    # In another tab, while this page stays as it is.
    tab = page.context.new_page()
    tab.goto(f"{watching.issuer}/end_session")
    assert answer(page, asked, watching.issuer) == "unchanged"
    tab.locator("#logout-yes").click()
    tab.locator("#logout-yes").wait_for(state="detached")
    assert answer(page, asked, watching.issuer) == "changed"


def test_it_says_changed_to_other_clients_origins_and_states_and_error_to_what_it_cannot_read(
    page: Page, watching: Provider
) -> None:
    client = watching.client("near")
    state = signed_in(page, client)
    asked = f"near {state}"
    value, _, salt = state.partition(".")
    for message in (f"sees-end {state}", f"near {value}.{salt}x", f"near {'0' * 64}.{salt}"):
        assert answer(page, message, watching.issuer) == "changed"
    for odd in (
        "",
        "near",
        f"near {value}",
        f"near  {state}",
        f"{state} near",
        f"a b {state}",
        7,
        None,
    ):
        assert answer(page, odd, watching.issuer) == "error"
    page.goto(f"{origin(client.redirect_uri).replace('near', 'nearer')}/watch")
    assert answer(page, asked, watching.issuer) == "changed"


def test_it_says_error_where_it_cannot_read_the_state_so_that_clients_do_not_ask_for_ever_session_management_3_1(
    page: Page, watching: Provider
) -> None:
    asked = f"near {signed_in(page, watching.client('near'))}"
    page.context.clear_cookies(name="manyou_state")
    assert answer(page, asked, watching.issuer) == "error"


def test_it_says_changed_after_the_session_ran_out_and_a_page_of_the_provider_was_seen(
    page: Page, watching: Provider
) -> None:
    client = watching.client("near")
    asked = f"near {signed_in(page, client)}"
    watching.clock.advance(watching.parts.settings.idp_session_seconds)
    page.goto(watching.issuer)
    watch(page, client)
    assert answer(page, asked, watching.issuer) == "changed"


def test_its_hash_is_sha_256_whatever_the_length_fips_180_4(page: Page, watching: Provider) -> None:
    page.goto(f"{watching.issuer}/check_session")
    texts = [*("x" * length for length in range(130)), "\u95e8\u6237 \U0001f511", "a" * 1000]
    hashed = page.evaluate("texts => texts.map(sha256)", texts)
    assert hashed == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_anybody_may_frame_it_and_it_may_run_its_one_script_session_management_3_3(watching: Provider) -> None:
    response = watching.get("/check_session")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["frame-ancestors"] == "*"
    assert "x-frame-options" not in response.headers
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy["script-src"])
    assert response.text.count("<script") == response.text.count(f'<script nonce="{nonce}">') == 1
    assert (policy["default-src"], policy["frame-src"]) == ("'none'", "'none'")


def test_discovery_names_it_session_management_3_3(watching: Provider) -> None:
    document = watching.get("/.well-known/openid-configuration").json()
    assert document["check_session_iframe"] == f"{watching.issuer}/check_session"
