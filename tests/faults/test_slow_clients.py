"""Clients that send slowly, without end, or nothing at all, or do not take their answers: bounded, and nobody waits."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.region import RegionThread
from tests.faults.sockets import connect, drip, head, read_all, read_answer

CONNECTIONS = 20
REQUESTS = 3
SECONDS = 1
"""What is set for a head, a body and an answer; it is looked at once a second."""
LONGEST_SECONDS = 15.0
BUFFER_BYTES = 16 * 1024


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place: Path = tmp_path_factory.mktemp("slow")
    (place / "nobody").mkdir()
    nobody = str(place / "nobody")
    limits = {"connections": CONNECTIONS, "requests": REQUESTS, "request_seconds": SECONDS, "portals": nobody}
    region = RegionThread(place / "var", idp_values=limits, portal_values={"portals": nobody})
    # What is accepted on it has the same: the system's own bounds are megabytes, which take long to fill.
    region.region.services[0].sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    with region as running:
        yield running.issuer


def is_served(issuer: str) -> bool:
    """Tell whether a new client is served."""
    with connect(issuer) as connection:
        connection.sendall(head(issuer, "/healthz"))
        return read_answer(connection)[0] == 200


def test_a_head_that_does_not_end_is_waited_for_seconds_not_for_ever(issuer: str) -> None:
    with connect(issuer) as silent, connect(issuer) as slow:
        started = time.monotonic()
        silent.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert drip(slow, head(issuer, "/", padding="x" * 400), LONGEST_SECONDS) < LONGEST_SECONDS
        assert read_all(silent) == b""
        assert time.monotonic() - started < LONGEST_SECONDS


def test_a_second_request_on_a_connection_has_no_more_time_than_the_first(issuer: str) -> None:
    with connect(issuer) as connection:
        connection.sendall(head(issuer, "/healthz"))
        assert read_answer(connection)[0] == 200
        assert drip(connection, head(issuer, "/", padding="x" * 400), LONGEST_SECONDS) < LONGEST_SECONDS


def test_headers_without_end_are_cut_off(issuer: str) -> None:
    with connect(issuer) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                sent += connection.send(b"x-padding: " + b"x" * 4000 + b"\r\n")
        except ConnectionError:
            pass
    # What the system holds for both ends comes on top of the 128 kB that are read.
    assert sent < 16 * 1024 * 1024
    assert is_served(issuer)


def test_many_header_fields_are_refused_rfc6585_5(issuer: str) -> None:
    with connect(issuer) as connection:
        connection.sendall(head(issuer, "/", **{f"x_{number}": "1" for number in range(200)}))
        status, headers, body = read_answer(connection)
    assert (status, headers["content-type"]) == (431, "application/json")
    assert b"header fields" in body


def test_bodies_that_come_slowly_take_nobodys_place_and_end_rfc9110_15_5_9(issuer: str) -> None:
    form = {"content_type": "application/x-www-form-urlencoded", "content_length": "5000"}
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(issuer)) for _ in range(2 * REQUESTS)]
        for connection in slow:
            connection.sendall(head(issuer, "/token", "POST", **form) + b"grant_type=")
        assert is_served(issuer)
        for connection in slow:
            assert read_answer(connection)[0] == 408
            assert read_all(connection) == b""


def test_many_idle_connections_keep_nobody_out(issuer: str) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(issuer)) for _ in range(2 * CONNECTIONS)]
        assert is_served(issuer)
        # The first to come were the first to go, long before their time was over.
        idle[0].settimeout(LONGEST_SECONDS)
        assert read_all(idle[0]) == b""


def test_an_answer_that_nobody_takes_is_dropped(issuer: str) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        connection.connect(("127.0.0.1", int(issuer.rsplit(":", 1)[1])))
        # Far more than both systems hold for us.
        connection.sendall(head(issuer, "/static/manyou.css") * 100)
        gone = select.poll()
        gone.register(connection, select.POLLRDHUP)
        assert gone.poll(LONGEST_SECONDS * 1000), "still open"
    assert is_served(issuer)
