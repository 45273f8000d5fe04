"""Several services in one process: one after the other up, after the requests in flight down, mistakes in one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import httpx
import pytest

from tests.rules.tracked import ROOT
from web import serve

Program = subprocess.Popen[str]
Start = Callable[..., Program]
_steps = count()


@pytest.fixture
def port() -> int:
    """The first of three free ports."""
    while True:
        base = 10_000 + (os.getpid() * 7 + next(_steps)) % 900 * 10
        with ExitStack() as stack:
            try:
                for offset in range(3):
                    stack.enter_context(serve.bind("127.0.0.1", base + offset))
            except serve.PortTaken:
                continue
            return base


@pytest.fixture
def start(port: int) -> Iterator[Start]:
    """Start the program on `port`."""
    with ExitStack() as stack:

        def begin(*faults: str) -> Program:
            program = subprocess.Popen(
                [sys.executable, "-m", "tests.web.served_program", str(port), *faults],
                cwd=ROOT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.enter_context(program)
            stack.callback(program.kill)
            return program

        yield begin


def until(program: Program, line: str) -> None:
    """Read what the program prints until `line`."""
    assert program.stdout is not None
    for printed in program.stdout:
        if printed.strip() == line:
            return
    pytest.fail(f"{line!r} was never printed")


def test_services_start_in_order_and_the_first_ends_last(start: Start, port: int) -> None:
    program = start()
    until(program, "ready")
    assert [httpx.get(f"http://127.0.0.1:{port + offset}/").text.split()[0] for offset in range(3)] == [
        "first",
        "second",
        "third",
    ]
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=20)
    ended = out.split("\n")
    assert ended[2] == "down first"
    assert set(ended[:2]) == {"down second", "down third"}
    assert (program.returncode, err) == (0, "")


def test_an_answer_does_not_name_the_server_software(start: Start, port: int) -> None:
    until(start(), "ready")
    assert "server" not in httpx.get(f"http://127.0.0.1:{port}/").headers


def test_a_request_in_flight_finishes_after_ctrl_c(start: Start, port: int) -> None:
    program = start()
    until(program, "ready")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"http://127.0.0.1:{port + 1}/slow?seconds=1", timeout=10)
        until(program, "slow begins")
        program.send_signal(signal.SIGINT)
        assert answer.result().text == "finished"
    assert program.wait(10) == 0


def test_a_second_ctrl_c_waits_for_nothing(start: Start, port: int) -> None:
    program = start()
    until(program, "ready")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"http://127.0.0.1:{port + 1}/slow?seconds=60", timeout=90)
        until(program, "slow begins")
        program.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert program.poll() is None
        program.send_signal(signal.SIGINT)
        program.wait(5)
        assert answer.exception() is not None or answer.result().status_code == 500


def test_a_taken_port_is_one_line_that_names_port_and_setting(start: Start, port: int) -> None:
    with serve.bind("127.0.0.1", port + 2):
        out, err = (program := start()).communicate(timeout=20)
    assert (program.returncode, out) == (1, "")
    assert err == (
        f"Port {port + 2} on 127.0.0.1 is taken by another program; "
        "set MANYOU_PORT_BASE (or --port-base) to use other ports.\n"
    )


def test_a_failed_start_ends_the_others_and_is_one_sentence(start: Start) -> None:
    out, err = (program := start("third")).communicate(timeout=20)
    assert program.returncode == 1
    assert out.split("\n")[:3] == ["up first", "up second", "down second"]
    assert err.strip().split("\n")[-1] == "third could not start: Its key file cannot be read."


def test_forwarded_headers_count_only_from_trusted_proxies(start: Start, port: int) -> None:
    headers = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
    until(start(), "ready")
    assert httpx.get(f"http://127.0.0.1:{port}/", headers=headers).text == "first 127.0.0.1 http"


def test_forwarded_headers_of_a_trusted_proxy_count(start: Start, port: int) -> None:
    headers = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
    until(start("trusting"), "ready")
    assert httpx.get(f"http://127.0.0.1:{port}/", headers=headers).text == "first 192.0.2.7 https"


@pytest.mark.parametrize(
    ("host", "number"), [("192.0.2.1", 8000), ("127.0.0.1", 70_000), ("127.0.0.1", -1), ("nowhere.invalid", 8000)]
)
def test_an_address_that_is_not_ours_is_one_sentence(host: str, number: int) -> None:
    with pytest.raises(serve.CannotListen) as refused:
        serve.bind(host, number)
    assert "\n" not in str(refused.value)
    assert "MANYOU_PORT_BASE" in str(refused.value)


def test_a_port_is_ours_from_bind_on(port: int) -> None:
    with serve.bind("127.0.0.1", port), pytest.raises(serve.PortTaken):
        serve.bind("127.0.0.1", port)
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.1", port))
