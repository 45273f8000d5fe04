"""One run: copies, a database and people for a while, with whatever is to fail; the outcome as figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from .arrivals import Rate, arrive, steady
from .clock import Clock
from .copies import Bounds, Copy, Proxy
from .costs import Costs
from .database import Database
from .deliveries import Deliveries, Portals
from .people import Habits, People, Tally

WARM_UP = 30.0
"""Seconds before anything is counted: as long as people who log in take to fill in the form."""


@dataclass(frozen=True)
class Rates:
    """What begins in a second at the moment that is looked at; `clients` is how many portals a session has visited.

    `run_out` are sessions that end because nobody used them, for which the provider does what a log-out does.
    """

    log_ins: float
    roams: float
    refreshes: float
    log_outs: float
    clients: float
    run_out: float = 0.0

    def times(self, factor: float) -> Rates:
        """Return so many times as much."""
        many = (self.log_ins, self.roams, self.refreshes, self.log_outs)
        return Rates(*(factor * one for one in many), self.clients, factor * self.run_out)


@dataclass(frozen=True)
class Plan:
    """What stands there and what comes: `cores` of a database (0: SQLite in the process, its cost in the copy's).

    `extra` is a rate of log-ins beside `rates`, never above `most_extra`, as a stampede is, in the time of the run.
    """

    copies: int
    rates: Rates
    cores: int = 8
    flush: float | None = None
    seconds: float = 60.0
    warm_up: float = WARM_UP
    bounds: Bounds = field(default_factory=Bounds)
    habits: Habits = field(default_factory=Habits)
    portals: Portals = field(default_factory=Portals)
    extra: Rate | None = None
    most_extra: float = 0.0
    seed: int = 1


@dataclass
class Outcome:
    """What came of it; shares of what is there that were in use, between the warm-up and the end.

    `group` is how many commits the database wrote through at once, on the average.
    """

    plan: Plan
    tally: Tally
    loop: float
    passwords: float
    database: float
    group: float
    refused_by_requests: int
    refused_by_passwords: int
    signals: Deliveries
    events: int

    def first(self) -> tuple[str, float]:
        """Return what is used most, and how much of it."""
        used = {
            "a copy's core": self.loop,
            "password threads": self.passwords,
            "the database's cores": self.database,
        }
        name = max(used, key=lambda one: used[one])
        return name, used[name]


class Run:
    """Everything that is there, before and while it runs, for whoever wants something to fail: see `at`."""

    def __init__(self, plan: Plan, costs: Costs) -> None:
        self.plan = plan
        self._costs = costs
        self.clock = Clock()
        flush = costs.flush if plan.flush is None else plan.flush
        self.database = Database(self.clock, plan.cores, flush) if plan.cores else None
        # Each kind of chance has a generator of its own, so that a change of one leaves the others as they were.
        chance = [Random(f"{plan.seed} {name}") for name in ("people", "signals", "arrivals", "log-outs", "copies")]
        self.copies = [Copy(self.clock, costs, plan.bounds, self.database, chance[4]) for _ in range(plan.copies)]
        self.proxy = Proxy(self.copies)
        self.people = People(self.clock, self.proxy, costs, plan.habits, chance[0], plan.warm_up)
        self.deliveries = Deliveries(self.clock, self.proxy, costs, plan.portals, chance[1])
        rates = plan.rates
        for name, rate in (("log-in", rates.log_ins), ("roam", rates.roams), ("refresh", rates.refreshes)):
            arrive(self.clock, steady(rate), rate, chance[2], partial(self.people.come, name))
        arrive(self.clock, steady(rates.log_outs), rates.log_outs, chance[3], self._log_out)
        arrive(self.clock, steady(rates.run_out), rates.run_out, chance[3], self._run_out)
        if plan.extra is not None:
            extra = Random(f"{plan.seed} extra")
            arrive(self.clock, plan.extra, plan.most_extra, extra, partial(self.people.come, "log-in"))

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen so many seconds after the warm-up."""
        self.clock.after(self.plan.warm_up + seconds - self.clock.now, action)

    def go(self) -> Outcome:
        """Run to the end."""
        self.clock.run(self.plan.warm_up)
        before = self._used()
        self.clock.run(self.plan.warm_up + self.plan.seconds)
        loop, passwords, database, commits, flushes = (
            now - then for now, then in zip(self._used(), before, strict=True)
        )
        seconds = self.plan.seconds
        return Outcome(
            plan=self.plan,
            tally=self.people.tally,
            loop=loop / seconds / len(self.copies),
            passwords=passwords / seconds / len(self.copies) / self.plan.bounds.password_threads,
            database=database / seconds / max(1, self.plan.cores),
            group=commits / max(1.0, flushes),
            refused_by_requests=sum(copy.refused - copy.passwords.refused for copy in self.copies),
            refused_by_passwords=sum(copy.passwords.refused for copy in self.copies),
            signals=self.deliveries,
            events=self.clock.happened,
        )

    def _log_out(self) -> None:
        self.people.come("log-out")
        self.deliveries.session_ended(self.plan.rates.clients)

    def _run_out(self) -> None:
        copy = self.proxy.choose()
        if copy is not None:
            copy.work(self._costs.endpoints["end_session"], lambda well: None)
        self.deliveries.session_ended(self.plan.rates.clients)

    def _used(self) -> Sequence[float]:
        return (
            sum(copy.loop.busy_seconds for copy in self.copies),
            sum(copy.passwords.busy_seconds for copy in self.copies),
            self.database.cores.busy_seconds if self.database else 0.0,
            self.database.commits if self.database else 0,
            self.database.flushes if self.database else 0,
        )


def run(plan: Plan, costs: Costs) -> Outcome:
    """Run a plan in which nothing fails."""
    return Run(plan, costs).go()
