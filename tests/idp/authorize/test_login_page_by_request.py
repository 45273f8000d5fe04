"""What a request changes about the log-in page: language, name filled in, headers (Core 3.1.2.1, CSP 3)."""

from __future__ import annotations

import re

import pytest

from tests.idp.authorize.answers import asks_to_log_in
from tests.portal_client import PortalClient
from tests.visitor import Visitor, form_with


@pytest.mark.parametrize(
    ("ui_locales", "accepted", "language"),
    [
        ("en", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("zh", "en", "zh-CN"),
        ("fr de en-GB", "zh-CN", "en"),
        ("fr", "en", "en"),
        ("fr", "fr", "zh-CN"),
        (None, "en-US,en;q=0.9", "en"),
        (None, "", "zh-CN"),
        ("\u4e2d\u6587 <x>", "en", "en"),
        ("x" * 3000, "en", "en"),
    ],
)
def test_ui_locales_chooses_the_pages_language_and_is_never_an_error_core_3_1_2_1(
    ui_locales: str | None, accepted: str, language: str, client: PortalClient, visitor: Visitor
) -> None:
    visitor.http.headers["accept-language"] = accepted
    page = visitor.follow(client.authorize(visitor, ui_locales=ui_locales))
    assert asks_to_log_in(page)
    assert page.headers["content-language"] == language
    assert f'<html lang="{language}">' in page.text


def test_login_hint_fills_in_the_name_core_3_1_2_1(client: PortalClient, visitor: Visitor) -> None:
    page = visitor.follow(client.authorize(visitor, login_hint="wang.tianjin"))
    assert form_with(page, "login-submit").fields["username"] == "wang.tianjin"


@pytest.mark.parametrize("hint", ['"><script>alert(1)</script>', "' onfocus=alert(1) x='", "{{ 7*7 }}", "\u738b\u82b3"])
def test_login_hint_is_text_and_never_markup(hint: str, client: PortalClient, visitor: Visitor) -> None:
    page = visitor.follow(client.authorize(visitor, login_hint=hint))
    assert form_with(page, "login-submit").fields["username"] == hint
    assert "<script" not in page.text
    assert "onfocus=alert(1) x='" not in page.text


def test_what_is_released_on_legal_duty_is_announced_before_logging_in(client: PortalClient, visitor: Visitor) -> None:
    page = visitor.follow(client.authorize(visitor, scope="openid profile real_name id_number"))
    assert 'id="login-releases"' in page.text


def test_the_form_may_lead_to_this_clients_origin_and_no_other_csp3_form_action(
    client: PortalClient, visitor: Visitor
) -> None:
    page = visitor.follow(client.authorize(visitor))
    (action,) = re.findall(r"form-action ([^;]+)", page.headers["content-security-policy"])
    assert action == f"'self' {client.registration.address}"


def test_the_language_switch_comes_back_to_the_request_that_waits(client: PortalClient, visitor: Visitor) -> None:
    page = visitor.follow(client.authorize(visitor, ui_locales="zh-CN"))
    refused = visitor.log_in(page, "nobody.here", "wrong")
    for shown in (page, refused):
        (switch,) = re.findall(r'href="(/language/en[^"]+)"', shown.text)
        again = visitor.follow(visitor.get(switch.replace("&amp;", "&")))
        assert asks_to_log_in(again)
        assert again.headers["content-language"] == "en"
        assert form_with(again, "login-submit").fields["interaction"] == page.url.params["interaction"]
        visitor.http.cookies.delete("manyou_language")
