"""Ports for programs that a test starts: of each of pytest's workers its own, and none that the system gives to others.

A port that was free a moment ago is not, where the system may have given it to anybody's connection since.
"""

from __future__ import annotations

import os
import socket
from itertools import count

FIRST, EACH, WORKERS = 10_000, 500, 20
"""Below what Linux gives out (32768) and below what a region takes (lab/region.py)."""

_turn = count()


def free_ports(number: int) -> list[int]:
    """Return so many ports one after the other that nobody listens on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    beginning, most = FIRST + worker * EACH, EACH // number
    for _ in range(most):
        first = beginning + next(_turn) * number % (most * number)
        ports = range(first, first + number)
        if all(_is_free(port) for port in ports):
            return list(ports)
    raise RuntimeError("All ports of this worker are taken.")


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
