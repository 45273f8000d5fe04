"""All that the simulation has to know of this machine, measured in one run: see simulation/costs.py for what it is."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
from client_kinds import KINDS, RESOURCE
from contender import Contender, start
from load import Load
from logout_sink import LogoutSink
from postgres_meter import PostgresMeter
from provider_process import ProviderProcess
from refusal import refusal_seconds
from server_process import OWN_CORE
from simulation.costs import LOG_IN, ROAM, Cost, Costs, Table
from step_costs import Meter, Walk
from whole_portal import WholePortal

from idp.people.passwords import Passwords
from idp.stores.opening import open_stores
from portals.finding import Expectation, Presentation
from portals.verdict import judge
from portals.verification_keys import VerificationKeys

ROOT = Path(__file__).resolve().parents[1]
PORTALS = 4
EXPIRED = 20
"""Sessions that run out at once, for each of the people: at the usual number more than the provider takes at a time."""
SWEPT = 20_000
WAITED_FOR = ("/authorize", "/token")


def measure(place: Path, people: int) -> Costs:
    """Measure everything, with so many people who log in, roam and log out, in a folder that is there for it."""
    with ExitStack() as stack:
        sink = stack.enter_context(LogoutSink())
        postgres = stack.enter_context(PostgresMeter())
        portals = [WholePortal(number, sink.uri) for number in range(PORTALS)]

        tables = {portal.client_id: portal.table() for portal in portals}
        server = stack.enter_context(ProviderProcess(ROOT, place / "copies", tables, "region", postgres.url))
        flush = postgres.flush_seconds()
        walk = Walk(server, postgres, sink, portals)
        meter = walk.measure(people)
        verdict = _verdict_seconds(*walk.sample, walk.metadata["jwks_uri"])
        refusal = refusal_seconds(server, 5 * people)
        memory = server.pss_mb() * 1e6
        alone = _expired_per_second(postgres, EXPIRED * people)
        second = stack.enter_context(server.copy())
        os.sched_setaffinity(second.pid, {OWN_CORE})
        both = _expired_per_second(postgres, EXPIRED * people)
        # Weighed now, when most tables have thousands of rows, and before more are thrown away than stay.
        kept = _tables(postgres, meter)
        swept = asyncio.run(_swept_per_second(postgres.url, postgres))
        cores, load = os.cpu_count(), os.getloadavg()[1]
        where = f"PostgreSQL {postgres.version}, {cores} cores, load average {load:.0f}, {people} people a step"
    sqlite, spread = _sqlite(place, 5 * people)
    one, two = _hashes_per_second(1), _hashes_per_second(2)
    hash_seconds = _hash_seconds()
    return Costs(
        where=where,
        endpoints=meter.costs,
        hash_seconds=hash_seconds,
        hash_bytes=19 * 1024 * 1024,
        hash_gain=two / one,
        refusal=Cost(cpu=refusal),
        verdict=verdict,
        memory=memory,
        flush=flush,
        expired_per_second=alone,
        expired_by_two=both,
        swept_per_second=swept,
        spread=spread,
        tables=kept,
        sqlite=sqlite,
    )


def _verdict_seconds(portal: WholePortal, tokens: Mapping[str, str], jwks_uri: str) -> float:
    """Return the CPU seconds of a verdict on an access token and its proof, keys at hand, as a portal's API has it."""
    keys = VerificationKeys.from_jwks(httpx.get(jwks_uri, trust_env=False).json())
    metadata = httpx.get(jwks_uri.replace("/jwks", "/.well-known/openid-configuration"), trust_env=False).json()
    headers = dict(portal.presented("GET", metadata, tokens))
    expect = Expectation(
        use="access_token",
        issuer=metadata["issuer"],
        client_id=portal.client_id,
        audience=RESOURCE,
        now=time.time(),
        algs=("ES256",),
        presented=Presentation((headers["DPoP"],), "GET", metadata["userinfo_endpoint"]),
    )
    found = []
    for _ in range(300):
        began = time.process_time()
        verdict = judge(tokens["access_token"], expect, keys)
        found.append(time.process_time() - began)
        if not verdict.accepted:
            raise SystemExit(f"The verdict was {verdict.code}.")
    return statistics.median(found)


def _hash_seconds() -> float:
    """Return the CPU seconds that checking one password takes at the provider's own cost."""
    passwords = Passwords(1, 1)
    kept = passwords.hash("a password")
    found = []
    for _ in range(20):
        began = time.thread_time()
        passwords._verify(kept, "a password")
        found.append(time.thread_time() - began)
    passwords.close()
    return statistics.median(found)


def _hashes_per_second(threads: int) -> float:
    """Return how many passwords so many threads check in a second, at the provider's own cost."""
    passwords = Passwords(1, 1)
    kept = passwords.hash("a password")
    number = 16 * threads
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        for _ in pool.map(lambda _: passwords._verify(kept, "a password"), range(number)):
            pass
        seconds = time.perf_counter() - began
    passwords.close()
    return number / seconds


def _expired_per_second(postgres: PostgresMeter, number: int) -> float:
    """Let sessions run out, with two portals each, and return how many a second the provider ends."""
    # As long as a real identifier, so that rows of these can be weighed too.
    now, tag = time.time(), f"{time.monotonic_ns():0>38}"
    postgres.run(
        "INSERT INTO sign_ins (sid, session_id, client_id, user_id, sub, started_at, last_at) "
        "SELECT %s || 'i' || n || p, %s || n, 'portal-' || p, 'u' || n, 's' || n, %s, %s "
        "FROM generate_series(1, %s) AS n, generate_series(0, 1) AS p",
        (tag, tag, now - 7200, now - 7200, number),
    )
    began = time.perf_counter()
    postgres.run(
        "INSERT INTO sessions "
        "(session_id, user_id, auth_time, level, amr, created_at, seen_at, expires_at, look_at) "
        "SELECT %s || n, 'u' || n, %s, 2, '[\"pwd\"]', %s, %s, %s, %s FROM generate_series(1, %s) AS n",
        (tag, int(now - 7200), now - 7200, now - 7200, now - 60, now - 3600, number),
    )
    while postgres.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL AND session_id LIKE %s", (f"{tag}%",)):
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    # The logout tokens of them are no part of what comes next.
    while postgres.value("SELECT count(*) FROM deliveries WHERE state = 'pending'"):
        time.sleep(0.1)
    return number / seconds


async def _swept_per_second(url: str, postgres: PostgresMeter) -> float:
    """Return how many rows that have run out one process throws away in a second when it does nothing else."""
    stores = await open_stores(url)
    postgres.run("INSERT INTO assertions SELECT 'portal-0', md5(n::text), 0 FROM generate_series(1, %s) AS n", (SWEPT,))
    # As autovacuum would have done: what the sweep's statements cost depends on what the planner expects.
    postgres.run("ANALYZE assertions")
    began = time.perf_counter()
    swept = await stores.upkeep.sweep(time.time())
    seconds = time.perf_counter() - began
    await stores.upkeep.close()
    return swept / seconds


def _tables(postgres: PostgresMeter, meter: Meter) -> dict[str, Table]:
    """Return the bytes of a row of each table, indexes included, and how many rows each kind of event makes."""
    rows = postgres.rows()

    def made(steps: Sequence[str], table: str) -> float:
        return sum(meter.rows.get(step, {}).get(table, 0.0) for step in steps)

    several, one = f"log-out {PORTALS}", "log-out 1"
    tables = {}
    for name, number in rows.items():
        signal = (made([several], name) - made([one], name)) / (PORTALS - 1)
        tables[name] = Table(
            bytes=postgres.bytes_of(name) / number if number else 0.0,
            per_log_in=made(LOG_IN, name),
            per_roam=made(ROAM, name),
            per_refresh=made(["refresh"], name),
            per_log_out=made([one], name) - signal,
            per_signal=signal,
        )
    return tables


def _sqlite(place: Path, roams: int) -> tuple[dict[str, float], tuple[float, ...]]:
    """Measure roams of each kind of client with SQLite, and how much longer than usual an answer takes at times."""
    found: dict[str, float] = {}
    with ExitStack() as stack:
        contenders = start([("here", ROOT)], KINDS, place / "sqlite", stack)
        for one in contenders:
            one.measure(200)
            database = place / "sqlite" / f"0-{one.kind.name}" / "sqlite-1" / "var" / "idp.db"
            size, written = _bytes(database), _written(one)
            figures = one.measure(roams)
            found[f"{one.kind.name}_cpu"] = figures.cpu_ms / 1000 / figures.roams
            found[f"{one.kind.name}_per_second"] = figures.roams / figures.seconds
            found[f"{one.kind.name}_written"] = (_written(one) - written) / roams
            found[f"{one.kind.name}_kept"] = (_bytes(database) - size) / roams
        spread = _spread(contenders[0], roams)
    return found, spread


def _spread(contender: Contender, roams: int) -> tuple[float, ...]:
    """Return a hundred quantiles of how long an answer takes alone, as multiples of its endpoint's mean."""
    with Load(contender.ports, 1) as load:
        waits = load.run(contender.roam, roams).waits
    multiples = sorted(
        wait / statistics.fmean(each) for endpoint, each in waits.items() if endpoint in WAITED_FOR for wait in each
    )
    return tuple(round(multiples[int((place + 0.5) / 100 * len(multiples))], 3) for place in range(100))


def _bytes(database: Path) -> int:
    return sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))


def _written(contender: Contender) -> int:
    lines = Path(f"/proc/{contender.servers[0].pid}/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar:"))
