"""The one way to wait in a story: for something to become true, within a time that the story promises."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE_SECONDS = 0.02


def eventually(condition: Callable[[], object], *, seconds: float) -> bool:
    """Tell whether `condition` becomes true within `seconds`; asked again and again until then."""
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
