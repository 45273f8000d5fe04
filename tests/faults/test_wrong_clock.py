"""A portal whose clock is wrong: 11 seconds do no harm, ten minutes are refused and said to be the cause."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from lab.region import RegionThread
from tests.faults.off_clock import command
from tests.journeys.as_portal import parts_of, present
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.rules.tracked import ROOT

TEN_MINUTES = 600


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    with RegionThread(tmp_path_factory.mktemp("clock") / "var") as running:
        yield running


@contextmanager
def portal(region: RegionThread, name: str, off: float, log: Path) -> Iterator[None]:
    """Let the portal be a process of its own, with its keys and its state, whose clock is off."""
    region.stop_service(name)
    base = int(region.issuer.rsplit(":", 1)[1])
    environment = {**os.environ, "MANYOU_VAR": str(region.var), "MANYOU_PORT_BASE": str(base)}
    with ExitStack() as stack:
        errors = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            command(off, "portals", name), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        stack.callback(region.start_service, name)
        stack.callback(process.wait)
        stack.callback(process.kill)
        with Person(region) as looker:
            assert eventually(lambda: answers(looker, name), seconds=60), log.read_text()
        yield


def answers(looker: Person, name: str) -> bool:
    """Tell whether the portal is up."""
    try:
        return looker.at(name, "/healthz").status_code == 200
    except httpx.TransportError:
        return False


def refusals(region: RegionThread) -> list[Mapping[str, str]]:
    """Return the provider's record of clients that it refused, oldest first."""
    stores = region.app("idp").state.parts.stores
    return [event.detail for event in reversed(region.run(stores.audit.latest(50, "client.refused")))]


@pytest.mark.parametrize("off", [11, -11])
def test_eleven_seconds_are_within_the_leeway(
    region: RegionThread, person: PersonFactory, tmp_path: Path, off: int
) -> None:
    with portal(region, "beijing", off, tmp_path / "log"):
        walker = person(region)
        walker.visit("beijing")
        assert walker.read("person-name") == "李明"
        walker.at("beijing", "/inspect")
        assert "badge-error" not in walker.page.text
        walker.log_out_everywhere()
        assert eventually(lambda: not walker.is_signed_in("beijing"))


@pytest.mark.parametrize(
    ("off", "claim", "verdict"), [(TEN_MINUTES, "iat", "token.exp.past"), (-TEN_MINUTES, "exp", "token.iat.future")]
)
def test_ten_minutes_are_refused_on_both_sides_and_the_page_and_the_logs_say_why(
    region: RegionThread, person: PersonFactory, tmp_path: Path, off: int, claim: str, verdict: str
) -> None:
    walker, log, key = person(region), tmp_path / "log", parts_of(region, "tianjin").dpop_key
    walker.visit("tianjin")
    _, token = walker.tokens("tianjin")
    before = len(refusals(region))
    with portal(region, "tianjin", off, log):
        # A good token, with a proof by the portal's own time, is one of another time here.
        answer = present(walker, "tianjin", "/api/whoami", token, key, lambda: time.time() + off)
        assert answer.status_code == 401
        assert f"verdict='{verdict}'" in log.read_text()
        # The provider takes the portal's assertion for one of another time as well; whoever signs in is told.
        other = person(region)
        other.at("tianjin")
        assert (other.page.status_code, other.page.url.host) == (503, "tianjin.localhost")
        assert other.seen.attributes["problem"]["data-problem"] == "clock_wrong"
        assert "时钟" in other.page.text
        assert other.page.headers["retry-after"]
        incident = other.read("incident")
    [line] = [one for one in log.read_text().splitlines() if incident in one]
    assert "invalid_client" in line
    assert "the clock of this machine is" in line
    assert ("ahead of" if off > 0 else "behind") in line
    [refused] = refusals(region)[before:]
    assert refused["code"] == "invalid_client"
    assert claim in refused["reason"]
