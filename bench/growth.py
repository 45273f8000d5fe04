"""Whether a roam costs more when much is stored: the same roams at a store that is nearly empty and at a full one.

    .venv/bin/python bench/growth.py [--people N] [--sessions N] [--dead N] [--kind KIND ...] [--database DATABASE ...]
        [--seldom] [--roams N] [--rounds N]

Two providers of this checkout, each on a store of its own with the tables that it made itself. These are filled through
SQL while it is stopped, one with SMALL people and sessions, one with as many as the options say and with dead rows too:
what is over but kept, such as grants of today, refresh tokens that were used, sessions that have ended, events of half
a year (`bench/stored_rows.py`). None of them is due for the sweep in the next half hour, so that all stay until the
end; the sweep goes over them meanwhile, and its cost is counted, as is that of looking at idle sessions.

Each roam is by another person's session, taken from all over the store, so that no cache has it: the people share one
password hash, and their cookies are known. Each session was in use within the last minute, and has entered the client
before. With --seldom it is the first roam of its session for two minutes, which notes the use of the session and of the
client's part in it: two more writes.

The providers take turns within a round, so that they share what else the machine does. Printed are medians and ranges
of the rounds, and the CPU time per roam of the full one in that of the other (1.10 at most is asked for). Linux only.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import options as told
from client_kinds import ClientKind
from contender import POSTGRESQL
from crowd import Amounts, Crowd, filled
from filling import count
from postgres_process import PostgresProcess
from provider_process import ProviderProcess
from rounds import cost, measured, ratios, spread

SMALL = 5_000
"""People and sessions of the store that is nearly empty."""
UNCHANGED = ("sign_ins", "consents")
"""What no roam here adds to: then each would be another one than it is meant to be."""


def main() -> int:
    """Fill, measure, print, and return the exit code."""
    parser = told.parser(__doc__)
    parser.add_argument("--people", type=told.positive, default=1_000_000)
    parser.add_argument("--sessions", type=told.positive, default=1_000_000, help="live ones")
    parser.add_argument("--dead", type=told.positive, default=10_000_000, help="rows of what is over but kept")
    parser.add_argument("--seldom", action="store_true", help="no session was used within the last minute")
    parser.add_argument("--roams", type=told.positive, default=1000, help="roams per round")
    parser.add_argument("--rounds", type=told.positive, default=5)
    options = parser.parse_args()
    used_ago = 120.0 if options.seldom else -3600.0
    amounts = {
        "small": Amounts(SMALL, SMALL, 0, used_ago),
        "full": Amounts(options.people, options.sessions, options.dead, used_ago),
    }
    for database in told.databases(options):
        for kind in told.kinds(options):
            with ExitStack() as stack:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
                postgres = stack.enter_context(PostgresProcess()) if database == POSTGRESQL else None
                found = []
                for name, amount in amounts.items():
                    folder = place / name
                    url = postgres.fresh() if postgres else f"sqlite:///{folder / 'var' / 'idp.db'}"
                    found.append(_filled(name, kind, folder, url, amount, stack, postgres))
                _measure(kind, database, found, options.roams, options.rounds)
    return 0


def _filled(
    name: str,
    kind: type[ClientKind],
    folder: Path,
    url: str,
    amounts: Amounts,
    stack: ExitStack,
    postgres: PostgresProcess | None,
) -> tuple[Crowd, str]:
    one, other = kind(), kind(other=True)
    tables = {each.client_id: each.table() for each in (one, other)}
    server = ProviderProcess(told.HERE[1], folder, tables, kind.features, url)
    began = time.perf_counter()
    rows = filled(server, one, folder, url, amounts)
    print(f"{name}: {rows} rows in {time.perf_counter() - began:.0f} s", flush=True)
    stack.enter_context(server)
    return Crowd(name, one, other, server, amounts.sessions, postgres), url


def _measure(kind: type[ClientKind], database: str, found: list[tuple[Crowd, str]], roams: int, rounds: int) -> None:
    small, full = (crowd for crowd, _ in found)
    full.settle()
    before = [count(url, table) for _, url in found for table in UNCHANGED]
    figures = measured([small, full], roams, rounds)
    # Those who confirm that what is wrong is refused log in anew, at two clients, after each round.
    grown = [count(url, table) for _, url in found for table in UNCHANGED]
    if any(now - then > 4 * rounds for now, then in zip(grown, before, strict=True)):
        raise SystemExit(f"The roams were not the same: {before} rows of {UNCHANGED} became {grown}.")
    print(f"\n{kind.name}, {database}, {rounds} rounds of {roams} roams")
    for one in (small, full):
        print(f"  CPU per roam, {one.name:<6} {spread([cost(each) for each in figures[one]], 3)} ms")
        if database == POSTGRESQL:
            print(f"  and of PostgreSQL    {spread([each.database_ms / each.roams for each in figures[one]], 3)} ms")
        print(f"  memory (PSS)         {one.servers[0].pss_mb():.0f} MB")
    print(f"  full in small        {spread(ratios(figures[full], figures[small]), 3)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
