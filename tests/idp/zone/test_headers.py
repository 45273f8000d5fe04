"""Under which headers each page goes out: no frame, no script but our own, nothing kept (CSP 3, RFC 9700 4.16)."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.portal_client import PortalClient
from tests.visitor import Visitor

PAGES: dict[str, Callable[[PortalClient, Visitor], httpx.Response]] = {
    "the log-in page": lambda client, visitor: visitor.follow(client.authorize(visitor)),
    "the log-in page of the zone": lambda client, visitor: visitor.get("/login"),
    "a wrong password": lambda client, visitor: visitor.log_in(visitor.get("/login"), "gao.beijing", "wrong"),
    "the zone of a stranger": lambda client, visitor: visitor.get("/"),
    "the zone": lambda client, visitor: (client.sign_in(visitor), visitor.get("/"))[1],
    "the consent page": lambda client, visitor: (
        client.sign_in(visitor),
        visitor.follow(client.authorize(visitor, prompt="consent")),
    )[1],
    "the page that asks whether to log out": lambda client, visitor: (
        client.sign_in(visitor),
        visitor.get("/end_session"),
    )[1],
    "the page after logging out": lambda client, visitor: visitor.get("/end_session"),
    "an error page": lambda client, visitor: client.authorize(visitor, client_id="nobody"),
    "a page that is not there": lambda client, visitor: visitor.get("/nowhere"),
    "a method that is not there": lambda client, visitor: visitor.http.put(f"{client.issuer}/login"),
    "a form that is no form": lambda client, visitor: visitor.http.post(f"{client.issuer}/login", json={}),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_goes_out_under_headers_that_let_it_do_only_what_it_must(
    name: str, client: PortalClient, visitor: Visitor
) -> None:
    page = PAGES[name](client, visitor)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "*" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert set(policy["form-action"].split()) <= {"'self'", client.registration.address}
    nonces = re.findall(r"<(?:style|script)\b([^>]*)>", page.text)
    allowed = re.findall(r"'nonce-([^']+)'", policy["style-src"])
    assert all(f'nonce="{allowed[0]}"' in attributes for attributes in nonces)
    # Without inline attributes the policy breaks nothing.
    assert not re.search(r"<[^>]+\s(?:on[a-z]+|style)=", page.text)


def test_a_nonce_is_used_once(visitor: Visitor) -> None:
    seen = {re.findall(r"'nonce-([^']+)'", visitor.get("/").headers["content-security-policy"])[0] for _ in range(3)}
    assert len(seen) == 3
    assert all(len(nonce) >= 22 for nonce in seen)


def test_a_page_that_is_not_there_is_a_page_with_a_way_on(visitor: Visitor) -> None:
    for path in ("/nowhere", "/login/", "/authorize/x", "/static/nowhere.css", "/%ff", "/.env", "/static/../../idp.db"):
        page = visitor.get(path)
        assert page.status_code == 404
        assert 'href="/"' in page.text
