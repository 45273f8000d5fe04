"""What log-outs cause: a logout token for each portal of a session, sent by whichever copy, repeated until it arrives.

The rules are those of idp/delivery/queue.py: each copy sends MOST_AT_ONCE to one portal at a time, and to a portal that
failed one alone, after a pause that doubles.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random

from .clock import Clock
from .copies import Copy, Proxy
from .costs import Costs

MOST_AT_ONCE = 8
SEND_SECONDS = 5.0
LONGEST_PAUSE = 30.0
POLL_SECONDS = 0.5


@dataclass
class Portals:
    """How long each portal takes to answer a logout token; longer than SEND_SECONDS is a failure."""

    usual: float = 0.02
    slow: dict[int, float] = field(default_factory=dict)
    number: int = 4

    def seconds(self, portal: int) -> float:
        """Return what this one takes now."""
        return self.slow.get(portal, self.usual)


class Deliveries:
    """One queue in the database, taken from by every copy."""

    def __init__(self, clock: Clock, proxy: Proxy, costs: Costs, portals: Portals, random: Random) -> None:
        self._clock = clock
        self._proxy = proxy
        self._cost = costs.endpoints["signal"]
        self._portals = portals
        self._random = random
        self._waiting: Mapping[int, deque[tuple[float, int]]] = defaultdict(deque)
        """Since when each waits, and how often it was tried; those that were tried least come first."""
        self._in_flight: Counter[tuple[int, int]] = Counter()
        self._paused: dict[tuple[int, int], float] = {}
        self.delays: dict[int, list[float]] = defaultdict(list)
        """Seconds from the log-out to the portal's answer, by portal."""
        self.tried = 0
        clock.after(POLL_SECONDS, self._poll)

    @property
    def waiting(self) -> int:
        """How many wait to be sent."""
        return sum(len(queue) for queue in self._waiting.values())

    def session_ended(self, clients: float) -> None:
        """Queue a logout token for each of so many portals on the average, and send them."""
        number = min(self._portals.number, int(clients) + (self._random.random() < clients % 1))
        for portal in self._random.sample(range(self._portals.number), number):
            self._waiting[portal].append((self._clock.now, 0))
        copy = self._proxy.choose()
        if copy is not None:
            self._claim(copy)

    def _poll(self) -> None:
        for copy in self._proxy.copies:
            if copy.alive:
                self._claim(copy)
        self._clock.after(POLL_SECONDS, self._poll)

    def _claim(self, copy: Copy) -> None:
        for portal, queue in self._waiting.items():
            key = (id(copy), portal)
            most = 1 if key in self._paused else MOST_AT_ONCE
            while queue and self._in_flight[key] < most and self._paused.get(key, 0.0) <= self._clock.now:
                self._in_flight[key] += 1
                self._send(copy, portal, *queue.popleft())

    def _send(self, copy: Copy, portal: int, since: float, tried: int) -> None:
        self.tried += 1
        seconds = self._portals.seconds(portal)
        copy.work(
            self._cost,
            lambda well: self._clock.after(
                min(seconds, SEND_SECONDS),
                partial(self._sent, copy, portal, since, tried + 1, well and seconds <= SEND_SECONDS),
            ),
        )

    def _sent(self, copy: Copy, portal: int, since: float, tried: int, arrived: bool) -> None:
        key = (id(copy), portal)
        self._in_flight[key] -= 1
        if arrived:
            self._paused.pop(key, None)
            self.delays[portal].append(self._clock.now - since)
        else:
            pause = min(LONGEST_PAUSE, 2.0 ** min(tried - 1, 10))
            self._paused[key] = self._clock.now + pause
            self._waiting[portal].append((since, tried))
        if copy.alive:
            self._claim(copy)
