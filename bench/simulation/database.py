"""One database as its users see it: cores that run statements, and commits that are written through in groups."""

from __future__ import annotations

from .clock import Clock
from .workers import Done, Workers


class Database:
    """A primary with `cores`; a commit waits for the next write-through, of which one lasts `flush` seconds."""

    def __init__(self, clock: Clock, cores: int, flush: float) -> None:
        self._clock = clock
        self.flush = flush
        self.cores = Workers(clock, cores)
        self.away = False
        self.commits = 0
        self.flushes = 0
        self._flushing: list[tuple[int, Done]] = []
        self._next: list[tuple[int, Done]] = []
        self._life = 0

    def do(self, seconds: float, commits: int, done: Done) -> None:
        """Run statements of so many CPU seconds, then so many commits, one after the other."""
        if self.away:
            done(False)
            return

        def ran(well: bool) -> None:
            if not well or not commits:
                done(well)
            elif self.away:
                done(False)
            else:
                self._commit(commits, done)

        self.cores.take(seconds, ran)

    def go_away(self) -> None:
        """Stop: what is in work is lost."""
        self.away = True
        self._life += 1
        lost = self._flushing + self._next
        self._flushing, self._next = [], []
        self.cores.lose()
        for _, done in lost:
            done(False)

    def come_back(self) -> None:
        """Serve again."""
        self.away = False

    def _commit(self, left: int, done: Done) -> None:
        self.commits += 1
        self._next.append((left - 1, done))
        if not self._flushing:
            self._write()

    def _write(self) -> None:
        self._flushing, self._next = self._next, []
        self.flushes += 1
        life = self._life

        def written() -> None:
            if life != self._life:
                return
            group, self._flushing = self._flushing, []
            for left, done in group:
                if left:
                    self._commit(left, done)
                else:
                    done(True)
            if self._next and not self._flushing:
                self._write()

        self._clock.after(self.flush, written)
