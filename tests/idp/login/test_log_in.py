"""Logging in: a new session under a new id, cookies that only a browser reads, nobody told which part was wrong."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.idp.authorize.answers import asks_to_log_in, refused_on_a_page, sent_to_client
from tests.idp.login.conftest import EventsSince
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import PASSWORD, Visitor, form_with


def test_logging_in_without_a_portal_leads_to_the_zone(visitor: Visitor, page: httpx.Response) -> None:
    response = visitor.log_in(page, "li.beijing")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert 'id="logout-everywhere"' in visitor.get("/").text


def test_the_page_is_one_form_with_the_agreed_ids(page: httpx.Response) -> None:
    controls = form_with(page, "login-submit").controls
    assert {"username", "password", "login-submit"} <= set(controls)
    assert page.text.count("<form") == 1
    for control in ("username", "password"):
        assert f'<label for="{control}">' in page.text


def test_whoever_is_signed_in_is_not_asked_again(visitor: Visitor, page: httpx.Response) -> None:
    visitor.log_in(page, "li.beijing")
    response = visitor.get("/login")
    assert (response.status_code, response.headers["location"]) == (303, "/")


def test_a_new_log_in_has_a_new_session_id_rfc9700_4_fixation(visitor: Visitor, page: httpx.Response) -> None:
    visitor.http.cookies.set("manyou_session", "chosen-by-somebody-else", domain="idp.localhost", path="/")
    visitor.log_in(page, "li.beijing")
    first = visitor.http.cookies["manyou_session"]
    assert first != "chosen-by-somebody-else"
    assert len(first) >= 43  # 256 bit
    other = Visitor(visitor.http, visitor.issuer)
    other.http.cookies.delete("manyou_session")
    other.log_in(other.get("/login"), "li.beijing")
    assert other.http.cookies["manyou_session"] != first


def test_logging_in_again_ends_the_session_id_from_before(
    client: PortalClient, visitor: Visitor, provider: Provider
) -> None:
    client.sign_in(visitor)
    old = visitor.http.cookies["manyou_session"]
    client.sign_in(visitor, prompt="login")
    assert visitor.http.cookies["manyou_session"] != old
    thief = provider.visitor()
    thief.http.cookies.set("manyou_session", old, domain="idp.localhost", path="/")
    answer = sent_to_client(client.authorize(thief, prompt="none"), client.redirect_uri)
    assert answer["error"] == "login_required"


def test_the_cookies_are_read_by_the_browser_alone(visitor: Visitor, page: httpx.Response) -> None:
    set_cookies = [
        *page.headers.get_list("set-cookie"),
        *visitor.log_in(page, "li.beijing").headers.get_list("set-cookie"),
    ]
    assert {cookie.split("=")[0] for cookie in set_cookies} == {"manyou_browser", "manyou_session"}
    for cookie in set_cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)


def test_the_session_is_kept_as_a_hash_so_that_the_database_signs_nobody_in(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    visitor.log_in(page, "li.beijing")
    cookie = visitor.http.cookies["manyou_session"].encode()
    for file in provider.var.glob("idp.db*"):
        assert cookie not in file.read_bytes()


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("li.beijing", "wrong"),
        ("nobody.here", PASSWORD),
        ("nobody.here", "wrong"),
        ("li.beijing", PASSWORD.upper()),
        ("li.beijing", PASSWORD + " "),
        ("li.beijing' --", PASSWORD),
        ("\u674e\u660e", PASSWORD),
        ("x" * 5000, PASSWORD),
        ("li.beijing", "x" * 5000),
        ("LI.BEIJING\u200b", PASSWORD),
    ],
)
def test_unknown_account_and_wrong_password_are_alike_in_text_and_status(
    username: str, password: str, provider: Provider
) -> None:
    visitor = provider.visitor()
    refused = visitor.log_in(visitor.get("/login"), username, password)
    reference = provider.visitor()
    usual = reference.log_in(reference.get("/login"), "somebody.else", "wrong")
    assert refused.status_code == usual.status_code == 400
    assert neutral(refused) == neutral(usual)
    assert "manyou_session" not in visitor.http.cookies


def neutral(page: httpx.Response) -> str:
    """Return a page without what differs at every answer: the typed name, nonces and CSRF tokens."""
    text = re.sub(r'(name="csrf" value|nonce)="[^"]*"', "", page.text)
    return re.sub(r'id="username"[^>]*>', "", text)


def test_unknown_account_and_wrong_password_cost_the_same_work(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = provider.parts.log_in._passwords
    verified: list[str] = []
    verify = passwords._verify

    def noted(hashed: str, typed: str) -> bool:
        verified.append(hashed)
        return verify(hashed, typed)

    monkeypatch.setattr(passwords, "_verify", noted)
    for username in ("li.beijing", "nobody.here"):
        visitor = provider.visitor()
        visitor.log_in(visitor.get("/login"), username, "wrong")
    # One that is overdue is hashed once more beside, whoever it is of.
    assert len(set(verified)) == 2
    parameters = {hashed.rsplit("$", 2)[0] for hashed in verified}
    assert parameters == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_the_name_may_be_typed_in_capitals_with_spaces_or_full_width(provider: Provider) -> None:
    for username in ("LI.Beijing", "  li.beijing ", "\uff4c\uff49\uff0ebeijing"):
        visitor = provider.visitor()
        assert visitor.log_in(visitor.get("/login"), username).status_code == 303


def test_what_was_typed_comes_back_as_text_and_the_password_never(visitor: Visitor, page: httpx.Response) -> None:
    refused = visitor.log_in(page, '"><script>x</script>', "hunter2-secret")
    assert form_with(refused, "login-submit").fields["username"] == '"><script>x</script>'
    assert "<script" not in refused.text
    assert "hunter2-secret" not in refused.text


@pytest.mark.parametrize(("username", "password"), [("", PASSWORD), ("li.beijing", ""), ("", "")])
def test_something_left_empty_is_said_and_not_counted(
    username: str, password: str, visitor: Visitor, page: httpx.Response, events: EventsSince
) -> None:
    refused = visitor.log_in(page, username, password)
    assert refused.status_code == 400
    assert 'id="login-error"' in refused.text
    assert [event.event for event in events()] == []


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64, "\u4e2d"])
def test_a_form_without_our_csrf_token_logs_nobody_in_and_is_not_counted(
    csrf: str, visitor: Visitor, page: httpx.Response, events: EventsSince
) -> None:
    for _ in range(6):
        refused_on_a_page(visitor.submit(page, "login-submit", username="li.beijing", password="wrong", csrf=csrf), 403)
    assert {event.event for event in events()} == {"page.refused"}
    assert visitor.log_in(page, "li.beijing").status_code == 303


def test_the_csrf_token_of_another_browser_is_refused_and_so_is_one_without_cookies(
    visitor: Visitor, page: httpx.Response, provider: Provider
) -> None:
    token = form_with(page, "login-submit").fields["csrf"]
    other, bare = provider.visitor(), provider.visitor()
    theirs = other.get("/login")
    refused_on_a_page(other.submit(theirs, "login-submit", username="li.beijing", password=PASSWORD, csrf=token), 403)
    fields = {"username": "li.beijing", "password": PASSWORD, "csrf": token}
    refused_on_a_page(bare.http.post(f"{bare.issuer}/login", data=fields), 403)
    assert visitor.log_in(page, "li.beijing").status_code == 303


def test_a_frozen_account_cannot_log_in_and_only_its_own_password_tells_so(
    provider: Provider, visitor: Visitor, page: httpx.Response, events: EventsSince
) -> None:
    person = provider.run(provider.parts.stores.people.by_id("chen.xiongan"))
    provider.run(provider.parts.sign_outs.freeze(person))
    try:
        assert visitor.log_in(page, "chen.xiongan", "wrong").status_code == 400
        refused_on_a_page(visitor.log_in(page, "chen.xiongan"), 403)
        assert "manyou_session" not in visitor.http.cookies
    finally:
        provider.run(provider.parts.sign_outs.unfreeze(person))
    assert visitor.log_in(page, "chen.xiongan").status_code == 303
    # Sessions of earlier tests may end with the account, or have run out before.
    names = [event.event for event in events() if event.event != "session.ended"]
    assert names == [
        "account.frozen", "login.failed", "login.frozen", "page.refused", "account.unfrozen", "login.succeeded",
    ]  # fmt: skip


def test_log_ins_are_kept_as_events_that_hold_no_password_and_no_mistyped_name(
    visitor: Visitor, page: httpx.Response, events: EventsSince
) -> None:
    visitor.log_in(page, "my-password-in-the-wrong-field", "hunter2-secret")
    visitor.log_in(page, "li.beijing")
    failed, succeeded = events()
    assert (failed.event, succeeded.event) == ("login.failed", "login.succeeded")
    assert (failed.user_id, succeeded.user_id) == (None, "li.beijing")
    assert failed.address == succeeded.address == "127.0.0.1"
    kept = str([failed, succeeded])
    for secret in ("my-password", "hunter2", PASSWORD, visitor.http.cookies["manyou_session"]):
        assert secret not in kept


def test_the_page_of_a_portal_goes_on_to_that_portal(client: PortalClient, visitor: Visitor) -> None:
    page = visitor.follow(client.authorize(visitor))
    assert asks_to_log_in(page)
    onward = visitor.log_in(page, "li.beijing").headers["location"]
    assert onward == f"/authorize?interaction={page.url.params['interaction']}"


STRANGERS = (
    "https://stranger.example/",
    "//stranger.example/",
    "/\\stranger.example",
    "\\\\x",
    "/\t/x",
    "/ /x",
    "x",
    "",
)


@pytest.mark.parametrize("target", STRANGERS)
def test_no_parameter_of_the_page_leads_away_from_the_provider(target: str, visitor: Visitor) -> None:
    names = ("next", "return_to", "target_link_uri", "redirect_uri", "back", "onward")
    page = visitor.http.get(f"{visitor.issuer}/login", params=dict.fromkeys(names, target))
    assert asks_to_log_in(page)
    response = visitor.submit(page, "login-submit", username="li.beijing", password=PASSWORD, next=target, back=target)
    assert (response.status_code, response.headers["location"]) == (303, "/")


@pytest.mark.parametrize("back", STRANGERS)
def test_the_language_switch_never_leads_away_from_the_provider(back: str, visitor: Visitor) -> None:
    response = visitor.http.get(f"{visitor.issuer}/language/en", params={"back": back})
    assert (response.status_code, response.headers["location"]) == (303, "/")
