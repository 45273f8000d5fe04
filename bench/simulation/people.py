"""What people do at portals, request by request, and what they do when they are refused: press the button again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from .clock import Clock
from .copies import BUSY, LOST, OK, Proxy
from .costs import LOG_IN, ROAM, Costs

JOURNEYS: Mapping[str, Sequence[str]] = {
    "log-in": LOG_IN,
    "roam": ROAM,
    "refresh": ("refresh",),
    "log-out": ("end_session",),
}
RELOADED = ("authorize", "authorize_no_session", "authorize_resumed", "login_page", "login_post", "end_session")
"""What a browser asks for: a reload repeats it. What a portal asks for it does not repeat; one begins there again."""


@dataclass(frozen=True)
class Habits:
    """How people are, in seconds from and to: between two hops, before a form is sent, before one tries again.

    `tries` is how often they try again before they give up; each time they wait half as long again, `longest_wait`
    at most. `journeys` are
    the requests of each thing that they want.
    """

    hop: tuple[float, float] = (0.02, 0.12)
    form: tuple[float, float] = (6.0, 20.0)
    again: tuple[float, float] = (2.0, 10.0)
    tries: int = 6
    longest_wait: float = 60.0
    journeys: Mapping[str, Sequence[str]] = field(default_factory=lambda: JOURNEYS)


@dataclass
class Tally:
    """What people met: seconds of answers by endpoint and by journey, how each journey ended, and each request."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    by_second: Counter[tuple[int, str]] = field(default_factory=Counter)
    whole: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds from the first wish to its end, thinking and trying again included."""

    def quantile(self, name: str, share: float) -> float:
        """Return the quantile of an endpoint's or a journey's seconds, nan where there are none."""
        return quantile(self.waits[name], share)

    def refused(self) -> float:
        """Return the share of requests that were refused or lost."""
        return (self.statuses[BUSY] + self.statuses[LOST]) / max(1, self.statuses.total())


def quantile(values: list[float], share: float) -> float:
    """Return the value that so large a share of them does not exceed, nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class People:
    """Whoever comes; what begins before `counted_from` is done, and not counted."""

    def __init__(
        self, clock: Clock, proxy: Proxy, costs: Costs, habits: Habits, random: Random, counted_from: float
    ) -> None:
        self.clock = clock
        self.proxy = proxy
        self.costs = costs
        self.habits = habits
        self.random = random
        self.counted_from = counted_from
        self.tally = Tally()

    def come(self, name: str) -> None:
        """Begin a journey."""
        _Journey(self, name).go_on()

    def between(self, bounds: tuple[float, float]) -> float:
        """Return some time between the two."""
        low, high = bounds
        return low + (high - low) * self.random.random()


class _Journey:
    """One person's way through one journey."""

    def __init__(self, people: People, name: str) -> None:
        self._people = people
        self._name = name
        self._steps = people.habits.journeys[name]
        self._began = people.clock.now
        self._counted = people.clock.now >= people.counted_from
        self._at = 0
        self._tried = 0
        self._waited = 0.0

    def go_on(self) -> None:
        people = self._people
        endpoint = self._steps[self._at]
        asked_at = people.clock.now

        def answered(status: int) -> None:
            self._answered(endpoint, status, people.clock.now - asked_at)

        people.proxy.ask(people.costs.endpoints[endpoint], answered)

    def _answered(self, endpoint: str, status: int, seconds: float) -> None:
        people, tally = self._people, self._people.tally
        counted = people.clock.now >= people.counted_from
        if counted:
            tally.statuses[status] += 1
            tally.by_second[int(people.clock.now), "ok" if status == OK else "refused"] += 1
        if status != OK:
            self._refused(endpoint)
            return
        self._waited += seconds
        if counted:
            tally.waits[endpoint].append(seconds)
        self._at += 1
        if self._at == len(self._steps):
            if self._counted:
                tally.waits[self._name].append(self._waited)
                tally.whole[self._name].append(people.clock.now - self._began)
                tally.ended[self._name, "again" if self._tried else "at once"] += 1
            return
        form = self._steps[self._at] == "login_post"
        people.clock.after(people.between(people.habits.form if form else people.habits.hop), self.go_on)

    def _refused(self, endpoint: str) -> None:
        people = self._people
        self._tried += 1
        if self._tried > people.habits.tries:
            if self._counted:
                people.tally.ended[self._name, "gave up"] += 1
            return
        if endpoint not in RELOADED:
            # One begins at the portal again; whoever had logged in already needs no form.
            if self._steps is LOG_IN and self._at > LOG_IN.index("login_post"):
                self._steps = ROAM
            self._at = 0
            self._waited = 0.0
        wait = people.between(people.habits.again) * 1.5 ** (self._tried - 1)
        people.clock.after(min(wait, people.habits.longest_wait), self.go_on)
