"""Equal workers with one queue, first come first served: a process's loop, threads that hash, cores of a database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .clock import Clock

Done = Callable[[bool], object]
"""Told True when a piece of work is done, False when it was lost."""


class Workers:
    """`count` workers; at most `places` pieces of work are in work or wait."""

    def __init__(self, clock: Clock, count: int, places: float = float("inf")) -> None:
        self._clock = clock
        self._count = count
        self._places = places
        self._busy = 0
        self._waiting: deque[tuple[float, Done]] = deque()
        self._life = 0
        self._in_work: dict[int, Done] = {}
        self._number = 0
        self.busy_seconds = 0.0
        """Seconds of work that was taken up, of all workers together."""
        self.refused = 0
        self.longest_queue = 0

    @property
    def present(self) -> int:
        """How many pieces of work are in work or wait."""
        return self._busy + len(self._waiting)

    def take(self, seconds: float, done: Done) -> bool:
        """Take so many seconds of work, or return False where there is no place."""
        if self._busy < self._count:
            self._begin(seconds, done)
            return True
        if self.present >= self._places:
            self.refused += 1
            return False
        self._waiting.append((seconds, done))
        self.longest_queue = max(self.longest_queue, len(self._waiting))
        return True

    def lose(self) -> None:
        """Lose all that is in work or waits, as when a process is killed."""
        lost = [*self._in_work.values(), *(done for _, done in self._waiting)]
        self._life += 1
        self._busy = 0
        self._waiting.clear()
        self._in_work.clear()
        for done in lost:
            done(False)

    def _begin(self, seconds: float, done: Done) -> None:
        self._busy += 1
        self.busy_seconds += seconds
        self._number += 1
        number, life = self._number, self._life
        self._in_work[number] = done

        def end() -> None:
            if life != self._life:
                return
            del self._in_work[number]
            self._busy -= 1
            if self._waiting:
                self._begin(*self._waiting.popleft())
            done(True)

        self._clock.after(seconds, end)
