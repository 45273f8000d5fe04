"""The provider is killed, or hangs: portals keep who is signed in, say what is not possible now, and recover."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.region import RegionThread
from portals import provider as portals_provider
from portals import sign_in
from tests.conftest import RegionFactory
from tests.faults.provider_process import ProviderProcess
from tests.journeys.as_portal import whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
from web.clock import SettableClock

SHORT_SECONDS = 0.5
"""How long portals wait for a provider that hangs, in these tests."""


@pytest.fixture
def region(make_region: RegionFactory) -> RegionThread:
    return make_region()


@pytest.fixture
def provider(region: RegionThread) -> Iterator[ProviderProcess]:
    """The region's provider, now a process of its own on the same port and state."""
    region.stop_service("idp")
    with ProviderProcess(region.var, int(region.issuer.rsplit(":", 1)[1])) as process:
        yield process


def says(person: Person, title: str) -> bool:
    """Tell whether the page says that the provider cannot be reached, in those words, and when to try again."""
    shown = person.page.status_code == 503 and person.seen.attributes["problem"]["data-problem"]
    return shown == "provider_unreachable" and title in person.page.text and bool(person.page.headers["retry-after"])


def test_while_the_provider_is_dead_portals_go_on_and_say_what_they_cannot_do(
    region: RegionThread, provider: ProviderProcess, person: PersonFactory
) -> None:
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    _, token = walker.tokens("beijing")
    assert whoami(walker, "beijing", token).status_code == 200
    provider.kill()

    # Who is signed in stays so, and tokens are judged by the keys that are known.
    assert walker.is_signed_in("beijing")
    assert whoami(walker, "beijing", token).status_code == 200
    # Nobody is sent to an address where nobody answers, whether to sign in or to log out.
    walker.at("hebei")
    assert says(walker, "统一身份认证暂时无法连接")
    assert walker.page.url.host == "hebei.localhost"
    with Person(region, language="en") as other:
        other.at("xiongan")
        assert says(other, "The identity provider cannot be reached")
    walker.log_out("tianjin")
    assert (walker.page.status_code, walker.page.url.host) == (503, "tianjin.localhost")
    assert "统一身份认证" in walker.page.text
    assert walker.page.headers["retry-after"]
    assert not walker.is_signed_in("tianjin")

    # It comes back, and everything goes on without anybody's doing: no password, no restart of a portal.
    provider.start()
    provider.wait()
    assert eventually(lambda: walker.at("hebei").status_code == 200)
    assert walker.read("person-name") == "李明"
    walker.at("tianjin")
    assert walker.read("person-name") == "李明"


def test_a_provider_that_hangs_makes_nobody_wait_who_does_not_need_it(
    make_region: RegionFactory, person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portals_provider, "SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(sign_in, "SECONDS", SHORT_SECONDS)
    clock = SettableClock(time.time())
    region = make_region(clock=clock)
    walker = person(region)
    walker.visit("beijing")
    _, token = walker.tokens("beijing")
    region.stop_service("idp")
    with ProviderProcess(Path(region.var), int(region.issuer.rsplit(":", 1)[1])) as provider:
        os.kill(provider.pid, signal.SIGSTOP)
        # The portal's copy of the keys is older than it should be, and the provider takes the question and is silent.
        clock.advance(61)
        waited = []
        for _ in range(10):
            began = time.monotonic()
            assert whoami(walker, "beijing", token, clock=clock).status_code == 200
            waited.append(time.monotonic() - began)
        assert sum(one >= SHORT_SECONDS for one in waited) <= 2
        assert walker.is_signed_in("beijing")
        walker.at("hebei")
        assert says(walker, "统一身份认证暂时无法连接")
        os.kill(provider.pid, signal.SIGCONT)
        clock.now = time.time()
        assert eventually(lambda: walker.at("hebei").status_code == 200, clock=clock)
        assert walker.read("person-name") == "李明"
