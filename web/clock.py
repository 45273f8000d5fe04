"""The time, as a function that is handed around, so that tests can set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Clock = Callable[[], float]
"""Returns seconds since the epoch."""

system_clock: Clock = time.time

CHINA = timezone(timedelta(hours=8), "CST")
"""One zone for the whole region, without daylight saving time."""


def local(seconds: float) -> datetime:
    """Return `seconds` since the epoch as China Standard Time, whatever the machine's own zone is."""
    return datetime.fromtimestamp(seconds, CHINA)


class SettableClock:
    """A clock that moves only when it is told to; for tests and for `--at`."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the seconds since the epoch that were last set."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        self.now += seconds
