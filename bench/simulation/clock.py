"""Simulated time: what is due, in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], object]


class Clock:
    """The time, in seconds from the beginning, and what is to happen; of two things at one moment the first told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.happened = 0
        self._due: list[tuple[float, int, Action]] = []
        self._told = 0

    def after(self, seconds: float, action: Action) -> None:
        """Let `action` happen in so many seconds."""
        self._told += 1
        heapq.heappush(self._due, (self.now + seconds, self._told, action))

    def run(self, until: float) -> None:
        """Let all happen that is due until then."""
        due, pop = self._due, heapq.heappop
        while due and due[0][0] <= until:
            self.now, _, action = pop(due)
            self.happened += 1
            action()
        self.now = until
