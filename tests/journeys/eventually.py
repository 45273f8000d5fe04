"""The one way to wait in a story, for something to become true; how fast it does is for bench/ to say."""

from __future__ import annotations

import time
from collections.abc import Callable

from web.clock import SettableClock

PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 30.0


def eventually(
    condition: Callable[[], object], *, seconds: float = LONGEST_SECONDS, clock: SettableClock | None = None
) -> bool:
    """Tell whether `condition` becomes true within `seconds`; asked again and again until then.

    `clock` goes on while one waits: where a first try fails on a busy machine, a second one comes by the clock.
    """
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
        if clock is not None:
            clock.advance(PAUSE_SECONDS)
