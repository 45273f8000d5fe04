"""This portal's cookies: their names carry its own, since browsers share cookies between ports."""

from __future__ import annotations

import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookies:
    """The session, the browser's flows, and the log-out under way; each a 256-bit random value and nothing else."""

    def __init__(self, client_id: str, *, secure: bool) -> None:
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.session = f"{prefix}{client_id}_session"
        self.flow = f"{prefix}{client_id}_flow"
        self.logout = f"{prefix}{client_id}_logout"

    def read(self, request: Request, name: str) -> str | None:
        """Return the value of cookie `name` where it has the shape of ours."""
        value = request.cookies.get(name, "")
        return value if VALUE.fullmatch(value) else None

    def set(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Set cookie `name` for `seconds`, or until the browser closes."""
        response.set_cookie(name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax")

    def clear(self, response: Response, name: str) -> None:
        """Forget cookie `name`."""
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")


def new_value() -> str:
    """Return a fresh random value: 256 bits in base64url."""
    return secrets.token_urlsafe(32)
