"""What is left of many roams on one provider: its memory, the rows in its store, and who waits while those are swept.

    .venv/bin/python bench/endurance.py [--kind KIND] [--roams N] [--database DATABASE] [--limits]

One provider, 5,000 people with sessions who roam in turn, 16 connections in a closed loop. After each twentieth of the
roams its memory (PSS) is printed, and how many rows each table has.

Then what has run out is swept while people roam. Grants are kept for a day and events for half a year, so the provider
is started again on the same store with a clock that is two days ahead, and once more with one that is 182 days ahead
(tests/faults/off_clock.py; the clients' clock is ahead, too). For each: roams on 4 connections while the number of rows
falls, and as many after it; how long they waited, p50 and p99 of each endpoint; the rows that are left; and for
comparison how long they waited before. With --limits the exit code is 1 above 90 MB, or where memory grew by more than
3 MB over the last half. Linux only.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import options as told
from client_kinds import ClientKind
from contender import CONNECTIONS, POSTGRESQL, Contender
from crowd import Amounts, Crowd, filled
from filling import count
from load import Load, Waits
from postgres_process import PostgresProcess
from provider_process import ProviderProcess
from rounds import percentiles

LIMIT_MB, FLAT_MB = 90.0, 3.0
STEPS = 20
PEOPLE = 5_000
DAY = 86400.0
AHEAD = (2 * DAY, 182 * DAY)
AT_ONCE = 4
"""Connections over which people roam while the sweep works: the wait is for the sweep then, not for each other."""
CHUNK = 200
SWEEP_BEGINS_WITHIN = 5.0
SWEPT = (
    "grants", "refresh_tokens", "assertions", "pushed_requests", "interactions", "sessions", "sign_ins", "deliveries",
    "audit", "audit_seals",
)  # fmt: skip
USED_AGO = -3600.0
"""Nobody's session is noted as used again: that is once a minute for each, and not what is looked at here."""


@dataclass
class Stage:
    """The provider with its store, at one setting of the clock; those of one store share its place."""

    kind: ClientKind
    other: ClientKind
    place: Path
    url: str
    clock: float = 0.0
    waits: Waits = field(default_factory=dict)

    def server(self) -> ProviderProcess:
        """Return the provider, to be started."""
        tables = {each.client_id: each.table() for each in (self.kind, self.other)}
        return ProviderProcess(told.HERE[1], self.place, tables, self.kind.features, self.url, clock_ahead=self.clock)

    def rows(self) -> dict[str, int]:
        """Return how many rows the tables have that have any."""
        found = {table: count(self.url, table) for table in SWEPT}
        return {table: rows for table, rows in found.items() if rows}


def main() -> int:
    """Roam, sweep, print, and return the exit code."""
    parser = told.parser(__doc__)
    parser.add_argument("--roams", type=told.positive, default=100_000)
    parser.add_argument("--limits", action="store_true", help="fail where a limit is passed")
    options = parser.parse_args()
    good = True
    for database in told.databases(options):
        for kind in told.kinds(options):
            with ExitStack() as stack:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-"))) / "provider"
                postgres = stack.enter_context(PostgresProcess()) if database == POSTGRESQL else None
                url = postgres.fresh() if postgres else f"sqlite:///{place / 'var' / 'idp.db'}"
                print(f"\n{kind.name}, {database}")
                one, other = kind(), kind(other=True)
                good = _roam(Stage(one, other, place, url), options.roams) and good
                for ahead in AHEAD:
                    _sweep(Stage(one, other, place, url, ahead))
    return 0 if good or not options.limits else 1


def _roam(stage: Stage, roams: int) -> bool:
    """Print what becomes of memory and rows, and tell whether the memory is within its limits."""
    server = stage.server()
    filled(server, stage.kind, stage.place, stage.url, Amounts(PEOPLE, PEOPLE, 0, USED_AGO))
    used: list[float] = []
    with server:
        crowd = Crowd("provider", stage.kind, stage.other, server, PEOPLE)
        began = time.perf_counter()
        for step in range(STEPS):
            crowd.measure(roams // STEPS)
            used.append(server.pss_mb())
            print(f"  {(step + 1) * (roams // STEPS):>7} roams  {used[-1]:5.1f} MB  {_told(stage.rows())}", flush=True)
        took = time.perf_counter() - began
        crowd.refuses()
        waits = _waits(crowd, 10 * CHUNK)
    half = used[len(used) // 2 - 1 :]
    flat = max(half) - half[0]
    print(f"  in {took:.0f} s on {CONNECTIONS} connections; memory {used[-1]:.1f} MB (limit {LIMIT_MB:.0f}), ", end="")
    print(f"grown by {flat:.1f} MB over the last half (limit {FLAT_MB:.0f})")
    _print_waits(f"{AT_ONCE} roam, nothing is swept", waits)
    return used[-1] <= LIMIT_MB and flat <= FLAT_MB


def _sweep(stage: Stage) -> None:
    """Start the provider later and print who waits while it sweeps, who after it, and what is left."""
    shown = time.time
    time.time = lambda: shown() + stage.clock
    try:
        before = stage.rows()
        with stage.server() as server:
            contender = Contender("provider", stage.kind, stage.other, [server])
            began = time.perf_counter()
            rows, last_fell, during, roams = sum(before.values()), 0.0, Waits(), 0
            while (passed := time.perf_counter() - began) < max(SWEEP_BEGINS_WITHIN, last_fell + 2):
                _add(during, _waits(contender, CHUNK))
                roams += CHUNK
                # What is swept meanwhile is more than what these roams add.
                if (now := sum(stage.rows().values())) < rows:
                    last_fell = passed
                rows = now
            after = _waits(contender, 10 * CHUNK)
            print(f"  clock {stage.clock / DAY:.0f} days ahead: {_told(before)}")
            print(f"    swept within {last_fell:.0f} s while {roams} people roamed: {_told(stage.rows())}")
            _print_waits(f"  {AT_ONCE} roam while it sweeps", during)
            _print_waits(f"  {AT_ONCE} roam after it", after)
    finally:
        time.time = shown


def _waits(contender: Contender, roams: int) -> Waits:
    with Load(contender.ports, AT_ONCE) as load:
        return load.run(contender.roam, roams).waits


def _add(waits: Waits, more: Waits) -> None:
    for endpoint, one in more.items():
        waits.setdefault(endpoint, []).extend(one)


def _print_waits(what: str, waits: Mapping[str, Sequence[float]]) -> None:
    told_each = (
        f"{endpoint} p50 {percentiles([one], 50)[0]:.1f} p99 {percentiles([one], 99)[0]:.1f} most {1000 * max(one):.1f}"
        for endpoint, one in waits.items()
    )
    print(f"  {what}: {'; '.join(told_each)} ms", flush=True)


def _told(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {number}" for table, number in rows.items())


if __name__ == "__main__":
    sys.exit(main())
