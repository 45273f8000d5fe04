"""A region started as people start it, `manyou up` in a process of its own, and watched from outside."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

SERVICES = 5
PATIENCE_SECONDS = 60.0


class RegionProcess:
    """`manyou up` on free ports with `var` as its state; a context manager that waits until all five answer."""

    def __init__(self, var: Path) -> None:
        self._ports = [*_free_ports()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")}
        environment |= {"MANYOU_VAR": str(var), "MANYOU_PORT_BASE": str(self._ports[0])}
        self._environment = environment
        self.seconds_to_answer = 0.0

    def __enter__(self) -> Self:
        """Start the program and take the time until every /healthz answers 200."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.cli", "up"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[1],
        )
        for port in self._ports:
            while not self._answers(port):
                if self._process.poll() is not None or time.perf_counter() - began > PATIENCE_SECONDS:
                    self._process.kill()
                    raise SystemExit(f"The service on port {port} did not answer.")
                time.sleep(0.005)
        self.seconds_to_answer = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def visit(self, paths: Iterable[str], rounds: int) -> None:
        """Ask every service for `paths`, `rounds` times."""
        for _ in range(rounds):
            for port in self._ports:
                for path in paths:
                    status(port, path)

    def pss_mb(self) -> float:
        """Return the proportional set size of the process and all its descendants, in MB (10^6 bytes)."""
        return sum(pss_kb(pid) for pid in family(self._process.pid)) * 1024 / 1e6

    def _answers(self, port: int) -> bool:
        try:
            return status(port, "/healthz") == 200
        except OSError:
            return False


def status(port: int, path: str) -> int:
    """GET a path at a port of this machine and return the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def _free_ports() -> range:
    for base in range(30_000, 32_000, 10):
        sockets = [socket.socket() for _ in range(SERVICES)]
        try:
            for offset, sock in enumerate(sockets):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("127.0.0.1", base + offset))
                sock.listen()
        except OSError:
            continue
        finally:
            for sock in sockets:
                sock.close()
        return range(base, base + SERVICES)
    raise SystemExit("There are no five free ports between 30000 and 32000.")


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def pss_kb(pid: int) -> int:
    """Return the proportional set size of one process, in kB as the kernel counts them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
