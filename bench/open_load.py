"""An open loop: conversations that begin at given times, whether or not those before them have ended.

What a conversation took is counted from the moment it was to begin, so that a server which stands still for a while is
charged with everybody who would have come meanwhile.
"""

from __future__ import annotations

import heapq
import selectors
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from http_messages import BadAnswer
from load import Conversation, Line, ServerLeft, Waits

MOST_AT_ONCE = 900
"""Conversations; less than a provider takes connections (MANYOU_CONNECTIONS). More is a server that is overrun."""
PATIENCE_SECONDS = 30.0


@dataclass
class Stream:
    """Conversations of one sort, so many a second, and what came of them: seconds from when each was to begin.

    They begin evenly, or by `chance` as people come who know nothing of each other (a Poisson process).
    `late` is for how long each was not begun since the load itself was busy; that is in `took`, too.
    """

    begin: Callable[[], Conversation[Any]]
    per_second: float
    chance: Random | None = None
    results: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    waits: Waits = field(default_factory=lambda: defaultdict(list))

    def moments(self, seconds: float) -> Iterator[float]:
        """Return when they begin, in seconds from the first moment."""
        if self.chance is None:
            yield from (number / self.per_second for number in range(int(seconds * self.per_second)))
            return
        moment = self.chance.expovariate(self.per_second)
        while moment < seconds:
            yield moment
            moment += self.chance.expovariate(self.per_second)


@dataclass
class _UnderWay:
    stream: Stream
    due: float


class OpenLoad:
    """Carries streams to one server, over as many keep-alive connections as it takes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Line] = []
        self._under_way: dict[Line, _UnderWay] = {}
        self._selector = selectors.DefaultSelector()

    def run(self, streams: Sequence[Stream], seconds: float) -> float:
        """Begin conversations for so many seconds and carry all to their ends; return how long it took together.

        Raises BadAnswer where the server does not keep up at all.
        """
        began = time.perf_counter()
        due = [(began + moment, place) for place, stream in enumerate(streams) for moment in stream.moments(seconds)]
        heapq.heapify(due)
        try:
            while due or self._under_way:
                while due and due[0][0] <= time.perf_counter():
                    when, place = heapq.heappop(due)
                    self._begin(streams[place], when)
                patience = due[0][0] - time.perf_counter() if due else PATIENCE_SECONDS
                for key, _ in self._selector.select(max(0.0, patience)):
                    self._go_on(key.data, key.fileobj)
                if not due and time.perf_counter() > began + seconds + PATIENCE_SECONDS:
                    raise BadAnswer(f"{len(self._under_way)} conversations did not end.")
        finally:
            for line in (*self._idle, *self._under_way):
                line.close()
            self._selector.close()
        return time.perf_counter() - began

    def _begin(self, stream: Stream, due: float) -> None:
        if len(self._under_way) >= MOST_AT_ONCE:
            raise BadAnswer(f"{MOST_AT_ONCE} conversations were under way at once.")
        stream.late.append(time.perf_counter() - due)
        line = self._idle.pop() if self._idle else self._connected()
        self._under_way[line] = _UnderWay(stream, due)
        line.begin(stream.begin())

    def _connected(self) -> Line:
        line = Line([self._port])
        line.watched_by(self._selector)
        return line

    def _go_on(self, line: Line, sock: object) -> None:
        if line not in self._under_way:
            # The server has left a connection that was idle for long, as it may.
            self._idle.remove(line)
            self._drop(line)
            return
        stream = self._under_way[line].stream
        try:
            end = line.go_on(sock, stream.waits)
        except (BadAnswer, ServerLeft, OSError) as error:
            stream.errors.append(f"{type(error).__name__}: {error}")
            del self._under_way[line]
            self._drop(line)
            return
        if end is not None:
            stream.took.append(time.perf_counter() - self._under_way.pop(line).due)
            stream.results.append(end.value)
            self._idle.append(line)

    def _drop(self, line: Line) -> None:
        line.left_by(self._selector)
        line.close()
