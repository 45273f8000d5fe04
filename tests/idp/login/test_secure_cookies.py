"""Behind an https address cookies are `__Host-` and Secure, so that no neighbour can plant them (RFC 6265bis 4.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx

from tests.idp.provider import Provider
from tests.visitor import PASSWORD, form_with


def test_under_https_both_cookies_are_bound_to_the_host_and_the_plain_names_count_for_nothing(
    make_provider: Callable[..., Provider],
) -> None:
    provider = make_provider(issuer="https://idp.example")
    port = provider.region.region.parts[0].port
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http:
        page = http.get("/login")
        mark = SimpleCookie(page.headers["set-cookie"])["__Host-manyou_browser"]
        form = {**form_with(page, "login-submit").fields, "username": "li.beijing", "password": PASSWORD}
        response = http.post("/login", data=form, headers={"cookie": f"__Host-manyou_browser={mark.value}"})
        session = SimpleCookie(response.headers["set-cookie"])["__Host-manyou_session"]
        for cookie in (mark, session):
            assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        http.cookies.clear()
        named = http.get("/", headers={"cookie": f"__Host-manyou_session={session.value}"})
        plain = http.get("/", headers={"cookie": f"manyou_session={session.value}"})
        assert ("logout-everywhere" in named.text, "logout-everywhere" in plain.text) == (True, False)
