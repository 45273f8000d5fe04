"""kill -9 at random points of many roams: `python -m tests.faults.kill --roams 1000 --database postgresql`.

Four people roam at two clients: one on FAPI 2.0 (pushed requests, DPoP, refresh tokens that stay), one on OpenID
Connect (rotated refresh tokens). A killer waits for a random number of requests and a random moment more, kills the
provider, or with PostgreSQL also its postmaster, all of its processes, one of them, or both, and starts it again; every
fourth start of the provider is killed as well. At the end the provider is started a last time, by a clock on which
every lease has run out, and what was acknowledged is asked for.
"""

from __future__ import annotations

import argparse
import random
import secrets
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from idp.settings import SQLITE
from lab.region import RegionThread
from tests.faults.consistency import undelivered, violations
from tests.faults.provider_process import ProviderProcess, free_base
from tests.faults.roaming import Gate, Ledger, Roamer, Stopped, claims
from tests.faults.victims import Victims
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration
from tests.postgres import PostgresServer
from tests.visitor import Visitor
from web.clock import SettableClock, system_clock

PEOPLE = ("li.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan")
ATTEMPTS_A_ROAM = 2.6
"""About how many requests or groups of requests a roam has, a refresh and a log-out now and then included."""
LATER_SECONDS = 40
"""Beyond the queue's lease, within which nobody else sends what a killed process had taken."""
DELIVERY_SECONDS = 30.0


@dataclass
class Report:
    """What a run did, and what it found wrong."""

    seed: int
    roams: int
    database: str
    kills: Counter[str]
    answers_lost: int
    refused: int
    codes_late: int
    log_ins_delayed: int
    families_ended: int
    log_outs: int
    told: int
    told_twice: int
    kept: int
    wrong: list[str]

    def __str__(self) -> str:
        """Return the run in a line, and what is wrong in one each."""
        kills = ", ".join(f"{number} of {what}" for what, number in sorted(self.kills.items()))
        line = (
            f"{self.database}, seed {self.seed}: {self.roams} roams, {self.kills.total()} kills ({kills}), "
            f"{self.answers_lost} answers lost, {self.refused} times 503, "
            f"{self.codes_late} codes too old when it was back, {self.log_ins_delayed} log-ins delayed, "
            f"{self.kept} refresh tokens kept, {self.families_ended} families ended by a repeated code or token, "
            f"{self.log_outs} log-outs, {self.told} logout tokens, {self.told_twice} of them again"
        )
        return "\n".join([line, *self.wrong])


class _World:
    def __init__(self, place: Path, server: PostgresServer | None, stack: ExitStack) -> None:
        self.server = server
        self.database = server.fresh() if server else f"{SQLITE}{place / 'var' / 'idp.db'}"
        self.listener = stack.enter_context(Listener())
        self.base, claim = free_base()
        stack.enter_context(claim)
        port = self.listener.port
        self.registrations = [Registration.make("alpha", port), Registration.make("fapi", port, profile="fapi2")]
        for registration in self.registrations:
            registration.write(place / "clients")
        (place / "nobody").mkdir()
        self.place = place
        environment = {"MANYOU_PORTALS": str(place / "clients"), "MANYOU_IDP_DATABASE": self.database}
        self.provider = ProviderProcess(place / "var", self.base, environment)
        self.stack = stack
        self.gate = Gate()

    def clients(self, clock: SettableClock | None = None) -> list[PortalClient]:
        http = self.stack.enter_context(self.provider.http())
        issuer = self.provider.issuer
        return [PortalClient(one, issuer, http, clock or system_clock) for one in self.registrations]

    def browser(self) -> Visitor:
        return Visitor(self.stack.enter_context(self.provider.http()), self.provider.issuer)


def run(place: Path, roams: int, kills: int, seed: int, server: PostgresServer | None = None) -> Report:
    """Do `roams` roams with `kills` kills, and judge; what is random follows from `seed` but for the machine's pace.

    The provider's database is on `server`, which is killed as well; without one it is a file.
    """
    with ExitStack() as stack:
        world = _World(place, server, stack)
        stack.enter_context(world.provider)
        world.gate.up.set()
        victims = Victims(world.provider, server, world.gate, random.Random(f"{seed} victims"))
        roamers = [
            Roamer(name, world.clients(), world.browser, world.gate, random.Random(f"{seed} {name}")) for name in PEOPLE
        ]
        failures: list[str] = []
        left = iter(range(roams))
        lock = threading.Lock()

        def walk(roamer: Roamer) -> None:
            while True:
                with lock:
                    if next(left, None) is None:
                        break
                roamer.roam()
            roamer.rest()

        def told(work: Callable[..., None], *arguments: object) -> None:
            try:
                work(*arguments)
            except Stopped:
                pass
            except Exception:  # noqa: BLE001 - told by whoever waits for the threads
                failures.append(traceback.format_exc())
                world.gate.stop()

        threads = [threading.Thread(target=told, args=(walk, roamer)) for roamer in roamers]
        points = (world.gate, victims, roams, kills, random.Random(seed))
        killer = threading.Thread(target=told, args=(_kill, *points))
        for thread in (*threads, killer):
            thread.start()
        for thread in threads:
            thread.join()
        world.gate.stop()
        killer.join()
        world.provider.kill()
        merged = _merged([roamer.ledger for roamer in roamers])
        if not failures:
            failures += _judge(world, merged)
            failures += violations(world.database)
        return _report(world, merged, victims.kills, seed, failures)


def _kill(gate: Gate, victims: Victims, roams: int, kills: int, rng: random.Random) -> None:
    """Kill `kills` times, about evenly over the run, each at a random moment of the requests in flight."""
    points = sorted(rng.uniform(0.02, 0.95) * roams * ATTEMPTS_A_ROAM for _ in range(kills))
    for point in points:
        gate.wait_for(int(point))
        if gate.stopped:
            return
        time.sleep(rng.uniform(0, 0.03))
        victims.kill()


def _merged(ledgers: Sequence[Ledger]) -> Ledger:
    whole = Ledger()
    for one in ledgers:
        whole.codes.update(one.codes)
        whole.landings += one.landings
        whole.kept += one.kept
        whole.ended |= one.ended
        whole.sessions += one.sessions
        whole.roams += one.roams
        whole.answers_lost += one.answers_lost
        whole.refused += one.refused
        whole.families_ended += one.families_ended
        whole.log_outs += one.log_outs
        whole.codes_late += one.codes_late
        whole.log_ins_delayed += one.log_ins_delayed
    return whole


def _judge(world: _World, ledger: Ledger) -> list[str]:
    """Start the provider a last time and ask for everything that was acknowledged; return what is missing."""
    clock = SettableClock(time.time() + LATER_SECONDS)
    wrong: list[str] = []
    places = {"portals": str(world.place / "clients"), "idp_database": world.database}
    region = RegionThread(
        world.place / "var",
        port_base=world.base,
        clock=clock,
        idp_values=places,
        portal_values={"portals": str(world.place / "nobody")},
    )
    with region:
        clients = {client.client_id: client for client in world.clients(clock)}
        for kept in ledger.kept:
            response = clients[kept.client_id].refresh(kept.refresh_token)
            if kept.good is not None and (response.status_code == 200) != kept.good:
                wrong.append(f"refresh token of {kept}: {response.status_code} {response.text}")
        for browser, username in ledger.sessions:
            landing = clients["alpha"].authorize(browser)
            if "code=" not in landing.headers.get("location", ""):
                wrong.append(f"the session of {username} was lost")
        for client_id, landing in ledger.landings:
            response = clients[client_id].exchange(landing)
            if response.status_code == 200:
                wrong.append(f"code redeemed again at {client_id}")
        until = time.monotonic() + DELIVERY_SECONDS
        while undelivered(world.database) and time.monotonic() < until:
            time.sleep(0.05)
    wrong += [f"not delivered: {one}" for one in undelivered(world.database)]
    told = {(client_id, sid) for client_id, sid, _ in _logout_tokens(world)}
    wrong += [f"never told: {one}" for one in ledger.ended - told]
    wrong += [f"code redeemed {times} times" for times in ledger.codes.values() if times > 1]
    return wrong


def _logout_tokens(world: _World) -> list[tuple[str, str, str]]:
    found = []
    for registration in world.registrations:
        for received in world.listener.received(f"/backchannel-logout/{registration.client_id}"):
            read = claims(received.form["logout_token"])
            found.append((registration.client_id, str(read["sid"]), str(read["jti"])))
    return found


def _report(world: _World, ledger: Ledger, kills: Counter[str], seed: int, wrong: list[str]) -> Report:
    told = [(client_id, sid) for client_id, sid, _ in _logout_tokens(world)]
    return Report(
        seed=seed,
        roams=ledger.roams,
        database="PostgreSQL" if world.server else "SQLite",
        kills=kills,
        answers_lost=ledger.answers_lost,
        refused=ledger.refused,
        codes_late=ledger.codes_late,
        log_ins_delayed=ledger.log_ins_delayed,
        families_ended=ledger.families_ended,
        log_outs=ledger.log_outs,
        told=len(told),
        told_twice=len(told) - len(set(told)),
        kept=sum(one.good is True for one in ledger.kept),
        wrong=wrong,
    )


def main() -> int:
    """Run as the arguments say, print the report; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kill", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--roams", type=int, default=1000)
    parser.add_argument("--kills", type=int, help="default: one in 20 roams")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    kills = given.kills or max(1, given.roams // 20)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(PostgresServer(durable=True)) if given.database == "postgresql" else None
        report = run(place, given.roams, kills, given.seed, server)
    print(report)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
