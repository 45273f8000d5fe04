"""The time, as a function that is handed around, so that tests can set it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds since the epoch."""

system_clock: Clock = time.time


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
