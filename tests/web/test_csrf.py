"""CSRF tokens: each is good for one browser and one action, and there is none for a browser that has no name."""

from __future__ import annotations

import pytest

from web.csrf import Csrf

CSRF = Csrf(b"secret")
TOKEN = CSRF.token("browser", "login")


def test_a_token_is_good_for_its_browser_and_its_action() -> None:
    assert CSRF.valid(TOKEN, "browser", "login")
    assert not CSRF.valid(TOKEN, "another", "login")
    assert not CSRF.valid(TOKEN, "browser", "consent")
    assert not Csrf(b"another secret").valid(TOKEN, "browser", "login")


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-1], f"{TOKEN} ", TOKEN.upper(), "令牌"])
def test_any_other_token_is_wrong(token: str | None) -> None:
    assert not CSRF.valid(token, "browser", "login")


@pytest.mark.parametrize("binding", [None, ""])
def test_a_browser_without_a_name_has_no_token(binding: str | None) -> None:
    assert not CSRF.valid(CSRF.token("", "login"), binding, "login")
    assert not CSRF.valid(CSRF.token("None", "login"), binding, "login")
