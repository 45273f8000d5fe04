"""Whether this machine's clock is the reason of a refusal: told by the Date of the provider's own answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx2

from web.dpop import LEEWAY


def off_by(answer: httpx2.Response, now: float) -> int:
    """Return by how many seconds the clock that shows `now` is ahead of the answer's Date (RFC 9110 6.6.1).

    0 where there is no Date, and where the difference is within the leeway, so that it is the reason of nothing.
    """
    try:
        ahead = now - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0
    return round(ahead) if abs(ahead) > LEEWAY else 0


def in_words(ahead: int) -> str:
    """Return the difference as the log has it."""
    return f"the clock of this machine is {abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} the provider's"
