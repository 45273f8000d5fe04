"""What people see of a client that registered itself, before they log in and before they decide (Registration 2)."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.idp.register.conftest import Registrar
from tests.idp.register.metadata import SITE
from tests.portal_client import ClientKey, PortalClient, Registration, client_key
from tests.visitor import Visitor

SHOWN = {
    "client_name": "Une <b>boutique</b>",
    "client_name#zh-Hans": "小\u202e店",
    "logo_uri": "https://pictures.example:8443/logo.png?a=1&b=2",
    "policy_uri": f"{SITE}/policy",
    "policy_uri#en": f"{SITE}/policy/en",
    "tos_uri": f"{SITE}/terms",
}
KEY: ClientKey = client_key("ES256", "stranger")

Arrive = Callable[..., tuple[httpx.Response, Visitor]]


@pytest.fixture
def arrive(registrar: Registrar) -> Arrive:
    """Register a client, send a browser to /authorize for it, and return the page that it comes to."""

    def page(language: str = "en", **metadata: Any) -> tuple[httpx.Response, Visitor]:
        jwks = {"keys": [KEY.as_dict(private=False)]}
        told = registrar.registered(token_endpoint_auth_method="private_key_jwt", jwks=jwks, **metadata)
        client = PortalClient(
            Registration(told["client_id"], KEY, {**told, "token_endpoint_auth_signing_alg": "ES256"}, SITE),
            registrar.provider.issuer,
            registrar.provider.client("alpha").http,
            registrar.provider.clock,
        )
        visitor = registrar.provider.visitor()
        return visitor.follow(client.authorize(visitor, ui_locales=language)), visitor

    return page


def img_src(page: httpx.Response) -> str:
    directives = page.headers["content-security-policy"].split("; ")
    return next(one for one in directives if one.startswith("img-src "))


def check_what_is_shown(page: httpx.Response) -> None:
    assert "Une &lt;b&gt;boutique&lt;/b&gt;" in page.text
    assert "<b>boutique" not in page.text
    assert f'src="{html.escape(SHOWN["logo_uri"])}"' in page.text
    assert img_src(page) == "img-src 'self' data: https://pictures.example:8443"
    for name, uri in (("policy", f"{SITE}/policy/en"), ("terms", f"{SITE}/terms")):
        link = f'<a id="client-{name}" href="{uri}" target="_blank" rel="noopener noreferrer">'
        assert link in page.text
    assert "This site registered itself" in page.text
    assert "It is not a government portal" in page.text
    assert '<strong id="client-place">site.example</strong>' in page.text


def test_log_in_and_consent_pages_show_name_logo_policy_terms_and_a_warning_registration_2(arrive: Arrive) -> None:
    page, visitor = arrive(**SHOWN)
    assert "login-submit" in page.text
    check_what_is_shown(page)
    page = visitor.follow(visitor.log_in(page, "li.beijing"))
    assert "consent-allow" in page.text
    check_what_is_shown(page)


def test_in_chinese_the_words_are_those_of_that_language_and_in_order(arrive: Arrive) -> None:
    page, _ = arrive("zh-CN", **SHOWN)
    assert "小店" in page.text
    assert "\u202e" not in page.text
    assert "它不是政府门户" in page.text
    assert f'href="{SITE}/policy"' in page.text


def test_who_names_no_logo_opens_the_page_to_no_pictures(arrive: Arrive) -> None:
    page, _ = arrive()
    assert img_src(page) == "img-src 'self' data:"
    assert "client-logo" not in page.text
    assert "client-policy" not in page.text
    assert "client-terms" not in page.text
    # Nothing else to call it by.
    assert '<strong id="toward">site.example</strong>' in page.text


def test_a_portal_of_the_operator_has_no_warning(registrar: Registrar) -> None:
    visitor = registrar.provider.visitor()
    page = visitor.follow(registrar.provider.client("alpha").authorize(visitor))
    assert "login-submit" in page.text
    assert "client-registered" not in page.text


def test_the_form_may_lead_to_an_applications_own_scheme(arrive: Arrive) -> None:
    uri = "com.example.app:/callback"
    page, _ = arrive(application_type="native", redirect_uris=[uri])
    assert " com.example.app: " in page.headers["content-security-policy"]
    assert '<strong id="client-place">com.example.app</strong>' in page.text
