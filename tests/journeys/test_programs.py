"""The programs as people start them: one service alone, the whole region, Ctrl-C, a taken port, another port base."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from portals.client_key import DPOP_KEY, load_key
from tests.conftest import RegionFactory
from tests.journeys.as_portal import present
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.rules.tracked import ROOT
from web import serve
from web.connect import DEFAULT_MAP, ConnectMap

START_SECONDS = 30
NAMES = ("idp", "beijing", "tianjin", "hebei", "xiongan")
Program = subprocess.Popen[str]


@pytest.fixture
def port_base(make_region: RegionFactory) -> int:
    """Return a base whose ports are free: a region that has stopped its services keeps others away from them."""
    spare = make_region()
    for name in (*spare.portal_names, "idp"):
        spare.stop_service(name)
    return int(spare.issuer.rsplit(":", 1)[1])


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Start programs of this repository; what still runs at the end is killed, each by its own number."""
    with ExitStack() as stack:

        def run(*arguments: str, **environment: str) -> Program:
            program = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**os.environ, "COLUMNS": "160", "PYTHONUNBUFFERED": "1", **environment},
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.enter_context(_ending(program))
            return program

        yield run


@contextmanager
def _ending(program: Program) -> Iterator[None]:
    try:
        yield
    finally:
        if program.poll() is None:
            program.kill()
        program.communicate()


def addresses(base: int) -> dict[str, str]:
    """Return where each service answers under that port base."""
    return {name: f"http://{name}.localhost:{base + offset}" for offset, name in enumerate(NAMES)}


def walker_at(base: int) -> Person:
    """Return a person who knows the region only by its addresses."""
    known = addresses(base)
    places: Any = SimpleNamespace(
        connect=ConnectMap.parse(DEFAULT_MAP), address=lambda name: known[name], issuer=known["idp"]
    )
    return Person(places)


def all_answer(base: int, *names: str) -> bool:
    """Tell whether all these services become ready in the time that a start may take on a busy machine."""

    def ready() -> bool:
        try:
            return all(walker.go(f"{addresses(base)[name]}/healthz").status_code == 200 for name in names)
        except httpx.TransportError:
            return False

    with walker_at(base) as walker:
        return eventually(ready, seconds=START_SECONDS)


def ended(program: Program) -> tuple[int, str, str]:
    """Press Ctrl-C and return exit code, output and errors."""
    program.send_signal(signal.SIGINT)
    out, errors = program.communicate(timeout=30)
    return program.returncode, out, errors


def test_provider_and_portal_alone_are_a_working_pair_whichever_starts_first(
    start: Callable[..., Program], port_base: int, tmp_path: Path
) -> None:
    where = {"MANYOU_VAR": str(tmp_path / "var"), "MANYOU_PORT_BASE": str(port_base)}
    portal = start("portals", "beijing", **where)
    assert all_answer(port_base, "beijing")
    with walker_at(port_base) as walker:
        walker.at("beijing")
        assert walker.page.status_code == 503
        assert walker.seen.attributes["problem"]["data-problem"] == "provider_unreachable"
        assert walker.page.headers["retry-after"]
        provider = start("idp", **where)
        assert all_answer(port_base, "idp")
        assert eventually(lambda: walker.at("beijing").status_code == 200)
        walker.log_in()
        assert walker.read("person-name") == "李明"
        _, access_token = walker.tokens("beijing")
        key = load_key(tmp_path / "var" / "portals" / "beijing" / DPOP_KEY)
        assert present(walker, "beijing", "/api/whoami", access_token, key).status_code == 200
        walker.log_out_everywhere()
        assert eventually(lambda: not walker.is_signed_in("beijing"))
    for program in (portal, provider):
        code, _, errors = ended(program)
        assert code == 0
        assert "Traceback" not in errors
        assert access_token not in errors


def test_the_region_is_started_ended_by_ctrl_c_and_started_again_where_it_was(
    start: Callable[..., Program], port_base: int, tmp_path: Path
) -> None:
    command = ("lab.cli", "up", "--port-base", str(port_base))
    var = str(tmp_path / "var")
    region = start(*command, MANYOU_VAR=var)
    assert all_answer(port_base, *NAMES)
    with walker_at(port_base) as walker:
        assert walker.roam(NAMES[1:]) == ["李明"] * 4
        code, out, errors = ended(region)
        assert (code, errors) == (0, "")
        for address in addresses(port_base).values():
            assert address in out
        assert "manyou-demo" in out
        region = start(*command, MANYOU_VAR=var)
        assert all_answer(port_base, *NAMES)
        assert all(walker.is_signed_in(portal) for portal in NAMES[1:])
        walker.log_out("hebei")
        assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in NAMES[1:]))
    assert ended(region)[0] == 0


def test_ctrl_c_lets_a_request_in_flight_finish(start: Callable[..., Program], port_base: int, tmp_path: Path) -> None:
    region = start("lab.cli", "up", "--port-base", str(port_base), MANYOU_VAR=str(tmp_path / "var"))
    assert all_answer(port_base, *NAMES)
    with walker_at(port_base) as walker:
        walker.at("beijing")
        form = dict(walker.seen.forms[0].fields)
        body = httpx.Request(
            "POST", "http://idp", data={**form, "username": walker.username, "password": "manyou-demo"}
        ).content
        cookies = "; ".join(f"{one.name}={one.value}" for one in walker.browser.cookies.jar if "idp" in one.domain)
    with socket.create_connection(("127.0.0.1", port_base), 10) as connection:
        connection.sendall(
            f"POST /login HTTP/1.1\r\nHost: idp.localhost:{port_base}\r\nCookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        connection.sendall(body[:20])
        stopper = threading.Timer(0.5, region.send_signal, [signal.SIGINT])
        stopper.start()
        stopper.join()
        assert not eventually(lambda: region.poll() is not None, seconds=0.5)
        connection.sendall(body[20:])
        answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 303")
    assert "/authorize?interaction=" in answer
    _, errors = region.communicate(timeout=30)
    assert (region.returncode, errors) == (0, "")


@pytest.mark.parametrize("command", [("idp",), ("portals", "beijing")], ids=lambda words: words[0])
def test_a_taken_port_is_one_clear_line_and_exit_code_1(
    start: Callable[..., Program], tmp_path: Path, command: tuple[str, ...]
) -> None:
    with serve.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        base = port - 1 if command[0] == "portals" else port
        program = start(*command, MANYOU_VAR=str(tmp_path / "var"), MANYOU_PORT_BASE=str(base))
        out, errors = program.communicate(timeout=START_SECONDS)
    assert (program.returncode, out) == (1, "")
    assert len(errors.splitlines()) == 1
    assert str(port) in errors
