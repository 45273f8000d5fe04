"""session_state in authentication responses, and the browser state behind it: Session Management 1.0, 2 and 3.2."""

from __future__ import annotations

from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import Response

from idp.endpoints import browser
from idp.features import CERTIFICATION, REGION, Features
from idp.oauth.secret_hash import hash_of
from idp.oauth.session_state import NO_SESSION, browser_state
from idp.people.sessions import session_id_of
from tests.idp.provider import Provider
from tests.portal_client import Landing, PortalClient
from tests.visitor import Visitor

COOKIE = "manyou_state"


@pytest.fixture
def seeing(watched: Provider) -> PortalClient:
    """A client of the provider that manages sessions."""
    return watched.client("sees-sid")


@pytest.fixture
def someone(watched: Provider) -> Visitor:
    """A new browser at that provider."""
    return watched.visitor()


def state_set(response: httpx.Response | Response) -> str | None:
    """Return what the answer sets the browser state to, None where it leaves it."""
    lists = response.headers.get_list if isinstance(response.headers, httpx.Headers) else response.headers.getlist
    (*_, found) = [None, *(cookie for one in lists("set-cookie") if (cookie := SimpleCookie(one).get(COOKIE)))]
    return found.value if found is not None else None


def session_state(landing: Landing) -> str:
    return landing.parameters["session_state"]


def matches(landing: Landing, client: PortalClient, state: str) -> bool:
    """Tell whether the landing's session_state is that of this browser state, computed as 3.2 says."""
    value, _, salt = session_state(landing).partition(".")
    parts = urlsplit(landing.redirect_uri)
    return value == hash_of(f"{client.client_id} {parts.scheme}://{parts.netloc} {state} {salt}")


def test_a_successful_response_tells_the_session_state_of_the_browsers_cookie_session_management_2(
    seeing: PortalClient, someone: Visitor
) -> None:
    landing = seeing.sign_in(someone)
    state = someone.http.cookies[COOKIE]
    assert matches(landing, seeing, state)
    assert not matches(landing, seeing, "another")
    again = seeing.sign_in(someone, prompt="none")
    assert session_state(again) != session_state(landing)
    assert matches(again, seeing, state)


def test_every_client_of_the_session_has_its_own_and_visiting_one_changes_nothing_for_another(
    watched: Provider, seeing: PortalClient, someone: Visitor
) -> None:
    first = seeing.sign_in(someone)
    state = someone.http.cookies[COOKIE]
    other = watched.client("sees-end")
    second = other.sign_in(someone)
    assert someone.http.cookies[COOKIE] == state
    assert matches(first, seeing, state)
    assert matches(second, other, state)
    assert not matches(second, seeing, state)


def test_it_belongs_to_an_authentication_alone_session_management_2(seeing: PortalClient, someone: Visitor) -> None:
    assert "session_state" not in seeing.sign_in(someone, scope="profile").parameters


def test_an_error_has_none(seeing: PortalClient, someone: Visitor) -> None:
    asked = seeing.ask(prompt="none")
    failed = seeing.landing(asked, seeing.authorize(someone, asked))
    assert failed.parameters["error"] == "login_required"
    assert "session_state" not in failed.parameters


def test_logging_out_changes_the_browser_state(seeing: PortalClient, someone: Visitor) -> None:
    tokens = seeing.tokens(someone)
    assert someone.http.cookies[COOKIE] != NO_SESSION
    assert state_set(seeing.end_session(someone, id_token_hint=tokens.id_token)) == NO_SESSION


def test_logging_in_anew_changes_it_also_for_the_same_person(seeing: PortalClient, someone: Visitor) -> None:
    first = seeing.sign_in(someone)
    seeing.sign_in(someone, prompt="login")
    assert not matches(first, seeing, someone.http.cookies[COOKIE])


def test_the_answer_to_a_log_in_in_the_place_of_another_sets_the_state_once(
    seeing: PortalClient, someone: Visitor
) -> None:
    seeing.sign_in(someone)
    response = someone.log_in(someone.follow(seeing.authorize(someone, prompt="login")), "li.beijing")
    set_cookies = [SimpleCookie(one) for one in response.headers.get_list("set-cookie")]
    session_id = session_id_of(someone.http.cookies["manyou_session"])
    assert [one[COOKIE].value for one in set_cookies if COOKIE in one] == [browser_state(session_id)]


@pytest.mark.parametrize("path", ["/", "/login", "/authorize"])
def test_a_session_that_ran_out_changes_it_at_the_next_page(
    path: str, watched: Provider, seeing: PortalClient, someone: Visitor
) -> None:
    seeing.sign_in(someone)
    cookies = {name: someone.http.cookies[name] for name in ("manyou_session", COOKIE)}
    header = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    url = seeing.authorize_url(seeing.ask(prompt="none")) if path == "/authorize" else watched.issuer + path
    with_session = watched.http().get(url, headers=header)
    assert state_set(with_session) is None
    watched.clock.advance(watched.parts.settings.idp_session_seconds)
    assert state_set(watched.http().get(url, headers=header)) == NO_SESSION


def test_a_wrong_or_missing_state_is_put_right_at_the_next_page(
    watched: Provider, seeing: PortalClient, someone: Visitor
) -> None:
    seeing.sign_in(someone)
    session, state = someone.http.cookies["manyou_session"], someone.http.cookies[COOKIE]
    for wrong in ("", f"; {COOKIE}=made-up"):
        page = watched.http().get(watched.issuer, headers={"cookie": f"manyou_session={session}{wrong}"})
        assert state_set(page) == state


def test_where_sessions_are_not_managed_there_is_neither(client: PortalClient, visitor: Visitor) -> None:
    landing = client.sign_in(visitor)
    assert "session_state" not in landing.parameters
    assert COOKIE not in visitor.http.cookies


def answer_with(features: Features, *, secure: bool) -> SimpleCookie:
    """Return the cookies that a log-in sets."""
    parts: Any = SimpleNamespace(settings=SimpleNamespace(features=features, secure=secure))
    response = Response()
    browser.set_session(parts, response, "a session's cookie")
    return SimpleCookie("\r\n".join(response.headers.getlist("set-cookie")))


@pytest.mark.parametrize(("secure", "name"), [(True, f"__Host-{COOKIE}"), (False, COOKIE)])
def test_a_script_can_read_it_in_a_frame_of_another_site_rfc6265bis_4_1_2_7(secure: bool, name: str) -> None:
    cookie = answer_with(CERTIFICATION, secure=secure)[name]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"].lower()) == (True, "", "none")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert name not in answer_with(REGION, secure=secure)
