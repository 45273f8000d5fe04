"""One family of refusals: a code for programs, an ASCII text for integrators, and the full reason for the log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def incident_number() -> str:
    """Return a number that a person can read out on the phone, such as `7KQ2-9FXM`."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def ascii_text(text: str) -> str:
    """Return `text` with what `error_description` may not hold replaced by `?` (RFC 6749 4.1.2.1, 5.2)."""
    return "".join(char if 0x20 <= ord(char) <= 0x7E and char not in '"\\' else "?" for char in text)


class Refusal(Exception):
    """A refusal.

    `code` is the specification's error code, `public` an ASCII sentence, `reason` what the log gets, `status` the
    HTTP status where the answer is not a redirect.
    """

    def __init__(self, code: str, public: str, *, reason: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {reason or public}")
        self.code = code
        self.public = ascii_text(public)
        self.reason = reason or public
        self.status = status
        self.incident = incident_number()


class TokenRefusal(Refusal):
    """A refusal answered in JSON (RFC 6749 5.2); `headers` may hold a challenge (RFC 6750 3)."""

    def __init__(
        self,
        code: str,
        public: str,
        *,
        reason: str = "",
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, public, reason=reason, status=status)
        self.headers = dict(headers or {})


class RegistrationRefusal(TokenRefusal):
    """A refusal at /register, answered in JSON as well (RFC 7591 3.2.2)."""


class RedirectRefusal(Refusal):
    """A refusal that goes back to the client's redirect_uri (RFC 6749 4.1.2.1, Core 3.1.2.6)."""


class PageRefusal(Refusal):
    """A refusal that only a page can tell, since no redirect_uri can be trusted.

    `kind` names its texts; `client_id` is the known client to go back to; `seconds` says when to try again.
    """

    def __init__(
        self,
        kind: str,
        public: str,
        *,
        reason: str = "",
        status: int = 400,
        code: str = "invalid_request",
        client_id: str | None = None,
        seconds: int = 0,
    ) -> None:
        super().__init__(code, public, reason=reason, status=status)
        self.kind = kind
        self.seconds = seconds
        self.client_id = client_id
