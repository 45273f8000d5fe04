"""Portals that are slow, silent, or fail at a log-out: the others are told at once, and these when they are back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from lab.region import RegionThread
from tests import warm
from tests.conftest import RegionFactory
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
from web import serve

PATIENCE_SECONDS = 3.0
"""Less than the provider waits for one answer: whoever waited for a slow portal would be above it."""


def states(walker: Person) -> dict[str, str]:
    """Return what the zone says about the log-out of each portal."""
    walker.at("idp", "/")
    found = walker.seen.attributes
    return {name.removeprefix("delivery-"): at["data-state"] for name, at in found.items() if "data-state" in at}


@contextmanager
def process(region: RegionThread, name: str) -> Iterator[int]:
    """Let a portal of the region be a process of its own; yield its number."""
    region.stop_service(name)
    base = region.issuer.rsplit(":", 1)[1]
    environment = {"MANYOU_VAR": str(region.var), "MANYOU_PORT_BASE": base}
    with ExitStack() as stack:
        running = warm.start(["portals", name], environment)
        stack.callback(running.wait)
        stack.callback(running.kill)
        with Person(region) as looker:
            assert eventually(lambda: is_up(looker, name), seconds=60)
        yield running.pid


def is_up(looker: Person, name: str) -> bool:
    """Tell whether a portal answers."""
    try:
        return looker.at(name, "/healthz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def failing(region: RegionThread, name: str) -> Iterator[list[bytes]]:
    """Put a server in a portal's place that answers 500 to whatever comes; yield what came."""
    region.stop_service(name)
    port = region.region.part(name).port
    came: list[bytes] = []
    with serve.bind("127.0.0.1", port) as listening:
        listening.setblocking(True)
        listening.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    came.append(connection.recv(65_536))
                    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield came
        finally:
            over.set()
            thread.join()
    region.start_service(name)


def test_a_silent_portal_and_a_failing_one_delay_nobody_and_are_told_when_they_are_back(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.roam(region.portal_names)
    with process(region, "hebei") as silent:
        os.kill(silent, signal.SIGSTOP)
        with failing(region, "tianjin") as came:
            before = len(walker.hops)
            walker.log_out("xiongan")
            assert max(hop.elapsed.total_seconds() for hop in walker.hops[before:]) < PATIENCE_SECONDS
            assert eventually(lambda: states(walker)["beijing"] == "delivered")
            assert not walker.is_signed_in("beijing")
            assert eventually(lambda: states(walker)["tianjin"] == "retrying")
            assert states(walker)["hebei"] != "delivered"
            # It is tried again, and not at once.
            assert eventually(lambda: len(came) >= 2)
            assert all(one.startswith(b"POST /backchannel-logout ") for one in came)
        os.kill(silent, signal.SIGCONT)
        assert eventually(lambda: set(states(walker).values()) == {"delivered"})
        assert not walker.is_signed_in("tianjin")
        assert not walker.is_signed_in("hebei")
