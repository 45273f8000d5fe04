"""Copies of the provider behind a proxy: each one loop, threads that hash passwords, a pool of connections, bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .clock import Clock
from .costs import Cost, Costs
from .database import Database
from .workers import Done, Workers

OK, BUSY, LOST = 200, 503, 502
Answered = Callable[[int], object]
"""Told the status of the answer: OK, BUSY (refused, with Retry-After), LOST (the connection broke)."""


@dataclass(frozen=True)
class Bounds:
    """The provider's own: MANYOU_REQUESTS, MANYOU_IDP_PASSWORD_THREADS and _QUEUE, connections to the database.

    `patience` is how long a request waits for a database that is away before it is answered with 503.
    """

    requests: int = 200
    password_threads: int = 2
    password_queue: int = 32
    connections: int = 10
    waiting: int = 500
    patience: float = 0.2


class Copy:
    """One process: whatever it does itself it does one after the other; hashing releases its lock (the GIL)."""

    def __init__(self, clock: Clock, costs: Costs, bounds: Bounds, database: Database | None, random: Random) -> None:
        self._random = random
        self._clock = clock
        self._costs = costs
        self._bounds = bounds
        self._database = database
        self.loop = Workers(clock, 1)
        self.passwords = Workers(clock, bounds.password_threads, bounds.password_threads + bounds.password_queue)
        self._connections = _Connections(bounds)
        self.alive = True
        self.in_work = 0
        self.refused = 0

    def ask(self, cost: Cost, answered: Answered) -> None:
        """Answer one request, or refuse it where too many are in work."""
        if self.in_work >= self._bounds.requests:
            self.refused += 1
            self.spend(self._costs.refusal.cpu, lambda: answered(BUSY), lambda: answered(LOST))
            return
        self.in_work += 1
        _Request(self, cost, answered).begin()

    def work(self, cost: Cost, done: Done) -> None:
        """Do what nobody asked for, such as sending a logout token; no bound on requests holds it up."""

        def stored(well: bool) -> None:
            if well and self.alive:
                self.loop.take(cost.cpu / 2, done)
            else:
                done(False)

        self.loop.take(cost.cpu / 2, lambda well: self.store(cost, stored) if well else done(False))

    def die(self) -> None:
        """Be killed: what is in work is lost."""
        self.alive = False
        self.loop.lose()
        self.passwords.lose()

    def start(self) -> None:
        """Be there again."""
        self.alive = True

    def multiple(self) -> float:
        """Return how much longer than usual something takes this time: collections of garbage, other processes."""
        spread = self._costs.spread
        return spread[int(self._random.random() * len(spread))] if spread else 1.0

    def spend(self, seconds: float, then: Callable[[], object], lost: Callable[[], object]) -> None:
        """Let the loop work for so long."""
        self.loop.take(seconds, lambda well: then() if well else lost())

    def hash(self, hashes: int, done: Done) -> bool:
        """Check passwords beside the loop, or return False where too many wait."""
        if self.passwords.take(hashes * self._costs.hash_seconds, done):
            return True
        self.refused += 1
        return False

    def answer_without_database(self, answer: Callable[[], object]) -> None:
        """Let the wait for a connection be over."""
        self._clock.after(self._bounds.patience, answer)

    def store(self, cost: Cost, done: Done) -> None:
        """Ask the database, over one of a few connections."""
        if self._database is None or not cost.database:
            done(True)
            return
        database = self._database
        self._connections.use(lambda back: database.do(cost.database, cost.commits, back), done)


class _Request:
    """One request at one copy: half of its work, the hash if there is one, the database, the other half."""

    def __init__(self, copy: Copy, cost: Cost, answered: Answered) -> None:
        self._copy = copy
        self._cost = cost
        self._answered = answered
        self._half = cost.cpu / 2 * copy.multiple()

    def begin(self) -> None:
        self._copy.spend(self._half, self._hash, self._lost)

    def _hash(self) -> None:
        if not self._cost.hashes:
            self._store()
        elif not self._copy.hash(self._cost.hashes, lambda well: self._store() if well else self._lost()):
            self._end(BUSY)

    def _store(self) -> None:
        self._copy.store(self._cost, self._stored)

    def _stored(self, well: bool) -> None:
        if not self._copy.alive:
            self._lost()
        elif well:
            self._copy.spend(self._half, lambda: self._end(OK), self._lost)
        else:
            # The database is away: 503, after the wait for a connection.
            self._copy.answer_without_database(lambda: self._end(BUSY) if self._copy.alive else self._lost())

    def _lost(self) -> None:
        self._end(LOST)

    def _end(self, status: int) -> None:
        self._copy.in_work -= 1
        self._answered(status)


class _Connections:
    """A pool: whoever finds none waits, and so many may wait."""

    def __init__(self, bounds: Bounds) -> None:
        self._free = bounds.connections
        self._most = bounds.waiting
        self._waiting: list[tuple[Callable[[Done], object], Done]] = []

    def use(self, work: Callable[[Done], object], done: Done) -> None:
        if not self._free:
            if len(self._waiting) >= self._most:
                done(False)
            else:
                self._waiting.append((work, done))
            return
        self._free -= 1

        def back(well: bool) -> None:
            self._free += 1
            if self._waiting:
                self.use(*self._waiting.pop(0))
            done(well)

        work(back)


class Proxy:
    """Asks one copy after the other, passes over those that are not there; a GET that was lost it asks once more."""

    def __init__(self, copies: list[Copy]) -> None:
        self.copies = copies
        self._turn = 0

    def ask(self, cost: Cost, answered: Answered) -> None:
        """Hand a request on; nobody there is told as LOST."""
        copy = self.choose()
        if copy is None:
            answered(LOST)
        elif cost.repeatable:

            def again(status: int) -> None:
                other = self.choose() if status == LOST else None
                if other is None:
                    answered(status)
                else:
                    other.ask(cost, answered)

            copy.ask(cost, again)
        else:
            copy.ask(cost, answered)

    def choose(self) -> Copy | None:
        """Return the copy whose turn it is."""
        for _ in self.copies:
            self._turn += 1
            copy = self.copies[self._turn % len(self.copies)]
            if copy.alive:
                return copy
        return None
