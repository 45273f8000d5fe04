"""What can go wrong for a person at a portal: one family with a code, a page's text and a text for the log."""

from __future__ import annotations

import secrets

RETRY_AFTER = "5"
"""What an answer with 503 says about when to try again, in seconds."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Problem(Exception):
    """Something ended a request; the page shows `problem.<code>`, the log gets `reason` under an incident number.

    `again` is the own path that the page offers as the way on; `verdict` is a verdict's code, for the log alone.
    """

    def __init__(
        self, code: str, reason: str, *, status: int = 400, again: str | None = None, verdict: str | None = None
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.status = status
        self.again = again
        self.verdict = verdict


class ProviderUnreachable(Problem):
    """The provider gave no usable answer; 503, since trying again later can help."""

    def __init__(self, reason: str, again: str | None = None) -> None:
        super().__init__("provider_unreachable", reason, status=503, again=again)


def new_incident() -> str:
    """Return an incident number that can be read out: 40 random bits without look-alike characters."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{characters[:4]}-{characters[4:]}"
