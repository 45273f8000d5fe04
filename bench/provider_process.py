"""The provider alone, `python -m idp` of any checkout in a process of its own, its CPU time read from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from region_process import PATIENCE_SECONDS, family, status

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2


class ProviderProcess:
    """The provider of `checkout` with all it keeps in `place`; a context manager that waits until it answers.

    `clients` are [client] tables (RFC 7591) by client_id; there are no others.
    """

    def __init__(self, checkout: Path, place: Path, clients: Mapping[str, Mapping[str, Any]]) -> None:
        self._port = _free_port()
        # An address that every resolver knows, so that nothing here has to map *.localhost.
        self.issuer = f"http://127.0.0.1:{self._port}"
        self._checkout = checkout
        self._log = place / "provider.log"
        (place / "portals").mkdir(parents=True)
        for client_id, table in clients.items():
            _write_portal(place / "portals" / client_id, table)
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")} | {
            "MANYOU_VAR": str(place / "var"),
            "MANYOU_PORT_BASE": str(self._port),
            "MANYOU_ISSUER": self.issuer,
            "MANYOU_PORTALS": str(place / "portals"),
        }

    def __enter__(self) -> Self:
        """Start the program and wait until /healthz answers 200."""
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "idp"], env=self._environment, cwd=self._checkout, stdout=log, stderr=log
            )
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - began > PATIENCE_SECONDS:
                self._process.kill()
                self._process.wait()
                said = self._log.read_text(encoding="utf-8", errors="replace")
                raise SystemExit(f"The provider of {self._checkout} did not answer.\n{said[-2000:]}")
            time.sleep(0.02)
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

    def metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself (Discovery 4)."""
        answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def cpu_ms(self) -> float:
        """Return the CPU time, user and system, that the process and its descendants have used so far."""
        return sum(_cpu_ms(pid) for pid in family(self._process.pid))

    def _answers(self) -> bool:
        try:
            return status(self._port, "/healthz") == 200
        except OSError:
            return False


def _cpu_ms(pid: int) -> float:
    # The process's clock as clock_getcpuclockid(3) names it: /proc/PID/stat counts the same in ticks of 10 ms, too
    # coarse for a few requests. What children that have ended used is told only there (proc(5): cutime, cstime).
    own = time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED) / 1e6
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return own + sum(int(field) for field in fields[13:15]) * 1000 / TICKS_PER_SECOND


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _write_portal(folder: Path, client: Mapping[str, Any]) -> None:
    folder.mkdir()
    service = {"host": f"{folder.name}.localhost", "offset": 1}
    lines = ["[service]", *_toml(service), "[client]", *_toml(client)]
    (folder / "portal.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(table: Mapping[str, Any]) -> Iterable[str]:
    return (f"{json.dumps(name)} = {_toml_value(value)}" for name, value in table.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(_toml(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(one) for one in value) + "]"
    return json.dumps(value)
