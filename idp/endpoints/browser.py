"""What is known of the browser that asks: its session, its own mark, its address; and the CSRF tokens bound to them.

Where sessions are managed (Session Management 1.0) it also holds a state that scripts can read: see `tells_state`.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from ipaddress import AddressValueError, IPv6Address, IPv6Network

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.parts import Parts
from idp.endpoints.parts import parts as parts_of
from idp.model import Visit
from idp.oauth.session_state import NO_SESSION, browser_state
from idp.people.sessions import SignedIn, session_id_of

SESSION_COOKIE = "manyou_session"
BROWSER_COOKIE = "manyou_browser"
ENDED_COOKIE = "manyou_ended"
STATE_COOKIE = "manyou_state"
ENDED_SECONDS = 900

_FOUND = "manyou.signed_in"
"""Where a request keeps whose session was found, for `tells_state`."""

Endpoint = Callable[[Request], Awaitable[Response]]


def _name(parts: Parts, cookie: str) -> str:
    return f"__Host-{cookie}" if parts.settings.secure else cookie


def _set(parts: Parts, response: Response, cookie: str, value: str) -> None:
    # No max-age: both end with the browser at the latest.
    response.set_cookie(
        _name(parts, cookie), value, path="/", httponly=True, samesite="lax", secure=parts.settings.secure
    )


def session_cookie(parts: Parts, request: Request) -> str | None:
    """Return the value of the session cookie."""
    return request.cookies.get(_name(parts, SESSION_COOKIE))


def set_session(parts: Parts, response: Response, cookie: str) -> None:
    """Give the browser its session."""
    _set(parts, response, SESSION_COOKIE, cookie)
    _set_state(parts, response, browser_state(session_id_of(cookie)))


def clear_session(parts: Parts, response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(
        _name(parts, SESSION_COOKIE), path="/", httponly=True, samesite="lax", secure=parts.settings.secure
    )
    _set_state(parts, response, NO_SESSION)


def state_cookie(parts: Parts) -> str:
    """Return the name of the cookie that holds the browser's state."""
    return _name(parts, STATE_COOKIE)


def _set_state(parts: Parts, response: Response, state: str) -> None:
    # Session Management 3.2: read by a script of ours, in a frame within any client's page. Browsers take a Secure
    # cookie over http on loopback names, where the demonstration stands.
    if parts.settings.features.session_management:
        response.set_cookie(state_cookie(parts), state, path="/", samesite="none", secure=True)


def tells_state(endpoint: Endpoint) -> Endpoint:
    """Let a page's answer set the browser's state right where the session ended, or began, in another way."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        response = await endpoint(request)
        parts = parts_of(request)
        if parts.settings.features.session_management:
            await _tell_state(parts, request, response)
        return response

    return answer


async def _tell_state(parts: Parts, request: Request, response: Response) -> None:
    name = state_cookie(parts)
    setting = f"{name}=".encode("latin-1")
    if any(key == b"set-cookie" and value.startswith(setting) for key, value in response.raw_headers):
        return
    found: SignedIn | Visit | None
    found = request.scope[_FOUND] if _FOUND in request.scope else await signed_in(parts, request)
    state = browser_state(found.session.session_id) if found is not None else NO_SESSION
    if request.cookies.get(name) != state:
        _set_state(parts, response, state)


def set_ended(parts: Parts, response: Response, session_id: str) -> None:
    """Let the browser show for a while how its ended session's log-out gets on; the value opens nothing."""
    response.set_cookie(
        _name(parts, ENDED_COOKIE),
        session_id,
        max_age=ENDED_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=parts.settings.secure,
    )


def ended(parts: Parts, request: Request) -> str | None:
    """Return which session this browser ended last."""
    return request.cookies.get(_name(parts, ENDED_COOKIE))


async def signed_in(parts: Parts, request: Request) -> SignedIn | None:
    """Return who is signed in at this browser."""
    return await parts.sessions.current(session_cookie(parts, request))


async def visit(parts: Parts, request: Request, client_id: str) -> Visit | None:
    """Return the same for a request that comes from a client and is answered at once: `tells_state` looks no more."""
    found = await parts.sessions.visit(session_cookie(parts, request), client_id)
    request.scope[_FOUND] = found
    return found


def mark(parts: Parts, request: Request) -> tuple[str, bool]:
    """Return the browser's mark, and whether it is new and has to be set: it binds forms and interactions."""
    known = request.cookies.get(_name(parts, BROWSER_COOKIE))
    if known and 20 <= len(known) <= 64:
        return known, False
    return secrets.token_urlsafe(24), True


def set_mark(parts: Parts, response: Response, value: str) -> None:
    """Give the browser its mark."""
    _set(parts, response, BROWSER_COOKIE, value)


def hashed(value: str) -> str:
    """Return the form in which a mark is kept."""
    return hashlib.sha256(value.encode()).hexdigest()


def address(request: Request) -> str:
    """Return the address that asks."""
    return request.client.host if request.client else "unknown"


def network(request: Request) -> str:
    """Return whom the address belongs to: of IPv6 the first 64 bits, of which one subscriber has all that follow."""
    host = address(request)
    try:
        found = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return host
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))
