"""Whatever is sent to the forms of /login, /consent and /end_session, it is answered by a page or an own redirect."""

from __future__ import annotations

import functools
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.idp.end_session.conftest import signed_in
from tests.portal_client import PortalClient
from tests.visitor import Visitor, form_with

NAMES = (
    "csrf", "interaction", "username", "password", "decision", "client_id", "id_token_hint", "state",
    "post_logout_redirect_uri", "ui_locales", "notice",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([b"allow", b"yes", b"alpha", b"li.beijing", b"0", b"https://stranger.example/", b"e30.e30.e30"]),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=40),
)
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6)
FORM = {"content-type": "application/x-www-form-urlencoded"}
FUZZ = functools.partial(
    settings, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(response: httpx.Response) -> None:
    assert response.status_code in (200, 303, 400, 403, 413, 415, 429), response.text[:400]
    location = response.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/login", "/consent", "/consent/withdraw", "/end_session"])
@FUZZ()
@given(pairs=PAIRS, raw=st.binary(max_size=60))
def test_any_form_or_query_is_answered_and_ends_no_session(
    method: str, path: str, client: PortalClient, visitor: Visitor, pairs: list[tuple[str, bytes]], raw: bytes
) -> None:
    if "manyou_session" not in visitor.http.cookies:
        client.sign_in(visitor)
    sent = "&".join(f"{name}={quote(value)}" for name, value in pairs)
    if method == "GET":
        response = visitor.get(f"{path}?{sent}&{quote(raw, safe='&=%+')}")
        if path == "/consent/withdraw":
            assert response.status_code == 405
            return
    else:
        response = visitor.http.post(client.issuer + path, content=sent.encode() + raw, headers=FORM)
    check(response)
    assert "manyou_session" in visitor.http.cookies


def test_after_all_that_the_session_still_lives(client: PortalClient, visitor: Visitor) -> None:
    client.sign_in(visitor)
    for path in ("/login", "/consent", "/consent/withdraw", "/end_session"):
        for body in (b"", b"%ff", b"\xff\xfe", b"csrf=x&decision=yes", b"a=%00", b"&" * 1000, b"x=1&" * 300):
            check(visitor.http.post(client.issuer + path, content=body, headers=FORM))
    assert signed_in(client, visitor)


@pytest.mark.parametrize("path", ["/login", "/consent", "/consent/withdraw", "/end_session"])
def test_a_form_of_100_kb_or_of_another_type_is_a_page(path: str, client: PortalClient, visitor: Visitor) -> None:
    client.sign_in(visitor)
    too_large = visitor.http.post(client.issuer + path, data={"state": "x" * 100_000})
    assert too_large.status_code == 413
    for options in ({"json": {"decision": "yes"}}, {"files": {"decision": b"yes"}}, {"content": b"decision=yes"}):
        assert visitor.http.post(client.issuer + path, **options).status_code == 415
    assert signed_in(client, visitor)


@pytest.mark.parametrize("name", ["username", "password", "csrf", "interaction"])
def test_a_field_that_comes_twice_is_never_a_fault_of_ours(name: str, visitor: Visitor) -> None:
    page = visitor.get("/login")
    fields = {**form_with(page, "login-submit").fields, "username": "liu.hebei", "password": "wrong"}
    pairs = [*fields.items(), (name, "again")]
    body = "&".join(f"{key}={quote(value)}" for key, value in pairs)
    response = visitor.http.post(f"{visitor.issuer}/login", content=body, headers=FORM)
    assert response.status_code in (400, 403)
