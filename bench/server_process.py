"""A server in a process of its own, on one core, its CPU time and memory read from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from region_process import PATIENCE_SECONDS, family, pss_kb, status

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2
CORES = sorted(os.sched_getaffinity(0))
SERVERS_CORE, OWN_CORE = CORES[0], CORES[-1]


class ServerProcess:
    """A program that serves OpenID Connect at `issuer`; a context manager that waits until it answers.

    `path` is asked for by GET until it answers 200; `log` is where the program's words go.
    """

    def __init__(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], port: int, path: str, log: Path
    ) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._path = path
        self._log = log
        self.port = port
        # An address that every resolver knows, so that nothing here has to map *.localhost.
        self.issuer = issuer_at(port)
        self.seconds_to_answer = 0.0

    def __enter__(self) -> Self:
        """Start the program and take the time until it answers."""
        began = time.perf_counter()
        with self._log.open("wb") as log, on_servers_core():
            self._process = subprocess.Popen(
                self._command, env=dict(self._environment), cwd=self._folder, stdout=log, stderr=log
            )
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - began > PATIENCE_SECONDS:
                self._process.kill()
                self._process.wait()
                said = self._log.read_text(encoding="utf-8", errors="replace")
                raise SystemExit(f"{' '.join(self._command)[:200]} did not answer.\n{said[-2000:]}")
            time.sleep(0.005)
        self.seconds_to_answer = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def use_all_cores(self) -> None:
        """Let the process and its threads run on every core, as it would where nobody measures."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), CORES)

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    def metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself (Discovery 4)."""
        answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def cpu_ms(self) -> float:
        """Return the CPU time, user and system, that the process and its descendants have used so far."""
        return cpu_ms_of(self._process.pid)

    def pss_mb(self) -> float:
        """Return the proportional set size of the process and all its descendants, in MB (10^6 bytes)."""
        return sum(pss_kb(pid) for pid in family(self._process.pid)) * 1024 / 1e6

    def _answers(self) -> bool:
        try:
            return status(self.port, self._path) == 200
        except OSError:
            return False


@contextmanager
def on_servers_core() -> Iterator[None]:
    """Have what is started meanwhile, and what that starts, on the servers' core; from then on be on the other one."""
    os.sched_setaffinity(0, {SERVERS_CORE})
    yield
    os.sched_setaffinity(0, {OWN_CORE})


def issuer_at(port: int) -> str:
    """Return the issuer of a server at that port of this machine."""
    return f"http://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def cpu_ms_of(pid: int) -> float:
    """Return the CPU time, user and system, that a process and its descendants have used so far."""
    total = 0.0
    for one in family(pid):
        # What one that has just ended used is its parent's to tell.
        with suppress(OSError):
            total += _cpu_ms(one)
    return total


def _cpu_ms(pid: int) -> float:
    # The process's clock as clock_getcpuclockid(3) names it: /proc/PID/stat counts the same in ticks of 10 ms, too
    # coarse for a few requests. What children that have ended used is told only there (proc(5): cutime, cstime).
    own = time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED) / 1e6
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return own + sum(int(field) for field in fields[13:15]) * 1000 / TICKS_PER_SECOND
