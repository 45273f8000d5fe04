"""What is known of the browser that asks: its session, its own mark, its address; and the CSRF tokens bound to them."""

from __future__ import annotations

import hashlib
import secrets

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.parts import Parts
from idp.people.sessions import SignedIn

SESSION_COOKIE = "manyou_session"
BROWSER_COOKIE = "manyou_browser"
ENDED_COOKIE = "manyou_ended"
ENDED_SECONDS = 900


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


def clear_session(parts: Parts, response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(
        _name(parts, SESSION_COOKIE), path="/", httponly=True, samesite="lax", secure=parts.settings.secure
    )


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
