"""Where a form may lead, and with it the redirects behind it, which Chromium holds to form-action (CSP3 6.4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import new_page
from tests.idp.register.conftest import Registrar
from tests.idp.register.test_use import client_of
from tests.listener import Reply
from tests.person import PASSWORD
from tests.portal_client import PortalClient
from tests.visitor import Visitor


def sources(response: Any) -> set[str]:
    """Return the sources of form-action."""
    (action,) = re.findall(r"form-action ([^;]+)", response.headers["content-security-policy"])
    return set(action.split())


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_client_may_send_people_on_from_its_callback_to_another_origin(
    mode: str, registrar: Registrar, browser: Browser
) -> None:
    listener = registrar.provider.listener
    onward = f"http://shop.localhost:{listener.port}/welcome-{mode}"
    callback = f"http://accounts.localhost:{listener.port}/callback-{mode}"
    listener.replies[f"/callback-{mode}"] = Reply(303, headers=(("location", onward),))
    client, _ = client_of(registrar, redirect_uris=[callback])
    asked = client.ask(response_mode=mode, scope="openid", prompt="consent")
    with new_page(browser) as page:
        page.goto(client.authorize_url(asked))
        page.locator("#username").fill("li.beijing")
        page.locator("#password").fill(PASSWORD)
        page.locator("#login-submit").click()
        page.locator("#consent-allow").click()
        page.wait_for_url(onward)


def at_log_in(client: PortalClient, visitor: Visitor) -> Any:
    """Come to the log-in page."""
    return visitor.follow(client.authorize(visitor))


def at_consent(client: PortalClient, visitor: Visitor) -> Any:
    """Come to the consent page."""
    return visitor.follow(visitor.log_in(at_log_in(client, visitor), "li.beijing"))


@pytest.mark.parametrize("page", [at_log_in, at_consent])
@pytest.mark.parametrize(
    ("redirect_uri", "application_type", "named"),
    [
        ("https://site.example/callback", "web", {"https:"}),
        ("http://[::1]:4000/callback", "native", {"http:", "https:"}),
        ("com.example.app:/callback", "native", {"com.example.app:", "https:"}),
    ],
)
def test_the_scheme_alone_is_named_of_a_client_that_registered_itself(
    page: Callable[..., Any], redirect_uri: str, application_type: str, named: set[str], registrar: Registrar
) -> None:
    client, _ = client_of(registrar, redirect_uris=[redirect_uri], application_type=application_type)
    assert sources(page(client, registrar.provider.visitor())) == {"'self'", *named}


def test_a_portal_of_the_operator_leads_to_its_own_origin_alone(registrar: Registrar) -> None:
    alpha = registrar.provider.client("alpha")
    assert sources(at_log_in(alpha, registrar.provider.visitor())) == {"'self'", alpha.registration.address}
