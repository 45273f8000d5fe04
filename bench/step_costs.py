"""What each request of a log-in, a roam and a log-out costs a copy of the provider and its PostgreSQL, step by step.

Many people take each step together; what the processes used and wrote meanwhile, divided by their number, is what one
costs. Log-ins meet a password hash that costs next to nothing, so that the rest of a log-in can be seen.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from argon2 import PasswordHasher
from browser import PASSWORD, LoggedIn, log_in
from client_kinds import Code
from http_messages import Answer, get
from load import Load
from logout_sink import LogoutSink
from postgres_meter import PostgresMeter
from provider_process import ProviderProcess
from simulation.costs import Cost
from whole_portal import WholePortal, together

CONNECTIONS = 8
SETTLE_SECONDS = 0.3
WARM_UP = 200
MORE_PEOPLE = 5000
"""People who are in the database, so that a row of theirs can be weighed."""
REPEATABLE = ("authorize_no_session", "login_page", "authorize_resumed", "authorize", "userinfo", "end_session")
LOG_IN_STEPS = ("authorize_no_session", "login_page", "login_post", "authorize_resumed")


class Meter:
    """What the provider and the database have used, and which rows there are more of, per phase."""

    def __init__(self, server: ProviderProcess, postgres: PostgresMeter) -> None:
        self._server = server
        self._postgres = postgres
        self._idle = (0.0, 0.0)
        self.costs: dict[str, Cost] = {}
        self.rows: dict[str, Mapping[str, float]] = {}

    def rest(self, seconds: float) -> None:
        """Measure what the processes do unasked, which is taken from all that follows."""
        before = self._now()
        time.sleep(seconds)
        now = self._now()
        self._idle = ((now[0] - before[0]) / seconds, (now[1] - before[1]) / seconds)

    @contextmanager
    def phase(self, name: str, times: int, more: Callable[[], object] | None = None) -> Iterator[None]:
        """Measure what happens inside; `more` is waited for before the end, as part of it."""
        time.sleep(SETTLE_SECONDS)
        rows, position = self._postgres.rows(), self._postgres.position()
        began, before = time.perf_counter(), self._now()
        yield
        if more is not None:
            more()
        time.sleep(SETTLE_SECONDS)
        seconds, after = time.perf_counter() - began, self._now()
        written = self._postgres.written(position, self._postgres.position())
        cpu, database = (
            max(0.0, (now - then - seconds * idle) / 1000 / times)
            for now, then, idle in zip(after, before, self._idle, strict=True)
        )
        now = self._postgres.rows()
        self.rows[name] = {table: (now[table] - rows[table]) / times for table in rows if now[table] != rows[table]}
        self.costs[name] = Cost(
            cpu=cpu,
            database=database,
            commits=round(written.commits / times),
            wal=written.record_bytes / times,
            wal_pages=written.index_pages / times,
            hashes=int(name == "login_post"),
            repeatable=name in REPEATABLE,
        )

    def _now(self) -> tuple[float, float]:
        return self._server.cpu_ms(), self._postgres.cpu_ms()


@dataclass
class Walk:
    """People who log in, roam, have tokens renewed, and log out, at one provider."""

    server: ProviderProcess
    postgres: PostgresMeter
    sink: LogoutSink
    portals: Sequence[WholePortal]

    def measure(self, people: int) -> Meter:
        """Let so many people log in at the first portal, visit each other one, and log out; measure each step."""
        self.metadata = self.server.metadata()
        meter = Meter(self.server, self.postgres)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        # Each logs in alone: of one account several attempts at a time are slowed down.
        self.postgres.run(
            "INSERT INTO people SELECT 'u' || n, 'someone-' || n, %s, level, NULL, claims, updated_at "
            "FROM generate_series(1, %s) AS n, (SELECT * FROM people LIMIT 1) AS one",
            (cheap, MORE_PEOPLE),
        )
        self._names = (f"someone-{number}" for number in itertools.count(1))
        first = self.portals[0]
        with Load([self.server.port], CONNECTIONS) as load:
            load.greet(get("jwks", self.metadata["jwks_uri"]))
            [warm] = self._log_in(load, 1, None)
            for _ in range(WARM_UP // 20):
                self._roam(load, [(portal, warm.cookies) for portal in self.portals] * 5, None)
            meter.rest(2.0)
            several = self._log_in(load, people, meter)
            hints = self._redeem(load, [(first, one.code) for one in several], None)
            visits = [(portal, one.cookies) for portal in self.portals[1:] for one in several]
            granted = self._roam(load, visits, meter)
            self.sample = visits[0][0], granted[0]
            renewals = [portal.refresh(self.metadata, one) for (portal, _), one in zip(visits, granted, strict=True)]
            together(load, renewals, [partial(meter.phase, "refresh", len(visits))])
            self._log_out(load, several, hints, len(self.portals), meter)
            alone = self._log_in(load, people, None)
            hints = self._redeem(load, [(first, one.code) for one in alone], None)
            self._log_out(load, alone, hints, 1, meter)
        _take_apart(meter, len(self.portals))
        return meter

    def _log_in(self, load: Load, people: int, meter: Meter | None) -> list[LoggedIn]:
        steps: list[Any] = [nullcontext]
        steps += [partial(meter.phase, name, people) if meter else nullcontext for name in LOG_IN_STEPS]
        names = itertools.islice(self._names, people)
        conversations = [log_in(self.portals[0], self.metadata, name) for name in names]
        return together(load, conversations, steps)

    def _roam(
        self, load: Load, visits: Sequence[tuple[WholePortal, str]], meter: Meter | None
    ) -> list[Mapping[str, Any]]:
        steps: list[Any] = [
            partial(meter.phase, name, len(visits)) if meter else nullcontext for name in ("par", "authorize")
        ]
        codes = together(load, [portal.code(self.metadata, cookie) for portal, cookie in visits], steps)
        return self._redeem(load, [(portal, code) for (portal, _), code in zip(visits, codes, strict=True)], meter)

    def _redeem(
        self, load: Load, codes: Sequence[tuple[WholePortal, Code]], meter: Meter | None
    ) -> list[Mapping[str, Any]]:
        steps: list[Any] = [partial(meter.phase, "token", len(codes)) if meter else nullcontext]
        answers: list[Answer] = together(load, [portal.redeem(self.metadata, code) for portal, code in codes], steps)
        granted: list[Mapping[str, Any]] = [answer.json() for answer in answers]
        steps = [partial(meter.phase, "userinfo", len(codes)) if meter else nullcontext]
        asked = [portal.userinfo(self.metadata, one) for (portal, _), one in zip(codes, granted, strict=True)]
        together(load, asked, steps)
        return granted

    def _log_out(
        self, load: Load, people: Sequence[LoggedIn], hints: Sequence[Mapping[str, Any]], portals: int, meter: Meter
    ) -> None:
        told = self.sink.arrived + portals * len(people)
        leaving = [
            self.portals[0].log_out(self.metadata, one.cookies, hint["id_token"])
            for one, hint in zip(people, hints, strict=True)
        ]
        wait = partial(self.sink.wait_for, told)
        together(load, leaving, [partial(meter.phase, f"log-out {portals}", len(people), wait)])


def _take_apart(meter: Meter, portals: int) -> None:
    """Tell what a log-out costs from what each signal of it costs, by log-outs with several and with one."""
    several, one = meter.costs.pop(f"log-out {portals}"), meter.costs.pop("log-out 1")
    signal = _combine(several, one, 1 / (portals - 1), -1 / (portals - 1))
    meter.costs["signal"] = replace(signal, repeatable=False)
    meter.costs["end_session"] = _combine(one, signal, 1, -1)


def _combine(first: Cost, second: Cost, one: float, other: float) -> Cost:
    return replace(
        first,
        cpu=max(0.0, one * first.cpu + other * second.cpu),
        database=max(0.0, one * first.database + other * second.database),
        commits=max(0, round(one * first.commits + other * second.commits)),
        wal=max(0.0, one * first.wal + other * second.wal),
        wal_pages=max(0.0, one * first.wal_pages + other * second.wal_pages),
    )
