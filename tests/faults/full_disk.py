"""The provider's disk is full while people roam, and then it is not.

`python -m tests.faults.full_disk --database postgresql` is for root: the database is on a small file system of its own,
which is filled (ENOSPC).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from idp.settings import SQLITE
from lab.region import RegionThread
from tests.faults.consistency import violations
from tests.faults.disks import SEGMENTS, Disk, NoRoomForTheLog, small_file_system
from tests.faults.provider_process import ProviderProcess
from tests.journeys.as_portal import as_portal, land, whoami
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.portal_client import PortalClient, Tokens
from tests.postgres import PostgresServer
from web.clock import system_clock

MOST_TRIES = 200
"""More requests than fit into the pages that tables have when the disk is full."""
ROUNDS = 8
MEGABYTES = {"sqlite": 24, "postgresql": 160}


@dataclass
class Seen:
    """What was answered while the disk was full: how often which status, by what was asked for."""

    tries: int = 0
    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def note(self, name: str, response: httpx.Response) -> None:
        """Note an answer; one that is 503 says when to come again."""
        self.statuses.setdefault(name, Counter())[response.status_code] += 1
        if response.status_code == 503:
            assert response.headers["retry-after"].isdigit(), f"{name}: {response.text[:400]}"


@dataclass
class World:
    """A region whose provider is a process of its own, on a database whose disk can be full."""

    region: RegionThread
    provider: ProviderProcess
    database: str
    server: PostgresServer | None


@contextmanager
def world(place: Path, server: PostgresServer | None = None, folder: Path | None = None) -> Iterator[World]:
    """Start the region and yield it; its provider is then a process of its own, on `server` or a file in `folder`."""
    database = server.fresh() if server else f"{SQLITE}{(folder or place / 'var') / 'idp.db'}"
    with RegionThread(place / "var", idp_values={"idp_database": database}) as region:
        region.stop_service("idp")
        base = int(region.issuer.rsplit(":", 1)[1])
        with ProviderProcess(region.var, base, {"MANYOU_IDP_DATABASE": database}) as provider:
            yield World(region, provider, database, server)


def roam(at: World, disk: Disk) -> Seen:
    """Fill the disk, try everything, make room, and assert what nobody may lose; return what was answered."""
    seen = Seen()
    with Person(at.region) as walker, Person(at.region, "wang.tianjin") as late:
        walker.roam(["beijing", "tianjin"])
        beijing = as_portal(walker, "beijing", system_clock)
        kept = Tokens(beijing.exchange(land(walker, beijing)).json())
        disk.fill()
        try:
            while not _is_refused(late) and seen.tries < MOST_TRIES:
                late.at("hebei")
                seen.note("sign-in at a portal", late.page)
                seen.tries += 1
            assert _is_refused(late), f"{seen}: {late.page.text[:400]}"
            # What was refused may have been of another table; the last page of this one has room for some more.
            for _ in range(MOST_TRIES):
                pushed = beijing.call("/par", beijing.ask().parameters)
                seen.note("par", pushed)
                if pushed.status_code == 503:
                    break
            for _ in range(ROUNDS):
                for name, response in _everything(walker, beijing, kept):
                    seen.note(name, response)
            # Who is signed in stays so, and tokens are judged by the keys that are published.
            assert walker.is_signed_in("beijing")
            assert whoami(walker, "beijing", walker.tokens("beijing")[1]).status_code == 200
            assert at.provider.is_running()
        finally:
            disk.free()
        if at.server is not None and not at.server.is_running():
            # It gave up, as it does where there is no room for its log; whoever operates it starts it again.
            at.server.start()
        # The provider goes on by itself, and all that was acknowledged is there.
        assert eventually(lambda: late.visit("hebei").status_code == 200), late.page.text[:400]
        assert late.read("person-name")
        refreshed = beijing.refresh(kept.refresh_token)
        assert refreshed.status_code == 200, refreshed.text
        assert walker.roam(["xiongan"]) == ["李明"]
        walker.log_out_everywhere()
        assert eventually(lambda: not any(walker.is_signed_in(name) for name in ("beijing", "tianjin", "xiongan")))
    at.provider.stop()
    assert violations(at.database) == []
    assert "Traceback" not in at.provider.log.read_text(encoding="utf-8")
    return seen


def _is_refused(person: Person) -> bool:
    """Tell whether a portal's own page says that signing in is not possible now."""
    if not person.hops or person.page.status_code != 503:
        return False
    problem = person.seen.attributes.get("problem", {}).get("data-problem")
    known = problem == "provider_unreachable" and bool(person.read("incident"))
    return known and person.page.headers["retry-after"].isdigit()


def _everything(walker: Person, client: PortalClient, kept: Tokens) -> Iterator[tuple[str, httpx.Response]]:
    issuer = walker.region.issuer
    page = {"accept": "text/html"}
    yield "par", client.call("/par", client.ask().parameters)
    yield "token", client.refresh(kept.refresh_token)
    yield "bad token request", client.call("/token", {"grant_type": "nonsense"})
    yield "introspect", client.introspect(kept.access_token)
    yield "bad authorize", walker.browser.get(f"{issuer}/authorize?client_id=nobody", headers=page)
    yield "zone", walker.browser.get(f"{issuer}/", headers=page)
    yield "jwks", walker.browser.get(f"{issuer}/jwks")
    yield "healthz", walker.browser.get(f"{issuer}/healthz")


def main() -> int:
    """Roam on a small file system, print what was answered; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.full_disk")
    parser.add_argument("--database", choices=sorted(MEGABYTES), default="sqlite")
    parser.add_argument("--log", action="store_true", help="of PostgreSQL: no room for its write-ahead log, too")
    given = parser.parse_args()
    with ExitStack() as stack:
        disk = stack.enter_context(small_file_system(MEGABYTES[given.database]))
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = None
        if given.database == "postgresql":
            server = stack.enter_context(PostgresServer(durable=True, within=disk.place, initdb=SEGMENTS))
        full = NoRoomForTheLog(disk, server) if given.log and server is not None else disk
        seen = roam(stack.enter_context(world(place, server, disk.place)), full)
    print(f"{given.database}, on {MEGABYTES[given.database]} MB:")
    for name, statuses in seen.statuses.items():
        print(f"  {name}: {', '.join(f'{number} times {status}' for status, number in sorted(statuses.items()))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
