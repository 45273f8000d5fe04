"""The provider as a process of its own, to be killed, stopped and started again by its number."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from lab.region import CLAIM_OFFSET, NoFreePorts, port_bases
from tests import warm
from tests.warm import WarmProcess
from web import serve
from web.connect import DEFAULT_MAP, ConnectMap, MappedSyncTransport

START_SECONDS = 60.0
LOOK_SECONDS = 0.02


def free_base() -> tuple[int, socket.socket]:
    """Return a port base whose first port is free, and the socket that holds it against other tests' regions."""
    for base in port_bases():
        with suppress(serve.PortTaken):
            claim = serve.bind("127.0.0.1", base + CLAIM_OFFSET)
            try:
                serve.bind("127.0.0.1", base).close()
            except serve.PortTaken:
                claim.close()
                raise
            return base, claim
    raise NoFreePorts("There is no free port for a provider between 20000 and 30000.")


class ProviderProcess:
    """The program `python -m idp` on a state folder and a port; a context manager that ends what still runs.

    `environment` holds MANYOU_* variables. Standard error goes to `provider.log` beside the state folder.
    """

    def __init__(self, var: Path, base: int, environment: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.base = base
        self.issuer = f"http://idp.localhost:{base}"
        self.log = var.parent / "provider.log"
        self.starts = 0
        self._environment = {"MANYOU_VAR": str(var), "MANYOU_PORT_BASE": str(base), **(environment or {})}
        self._process: WarmProcess | None = None

    def __enter__(self) -> Self:
        """Start, and wait until it answers."""
        self.start()
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill what still runs."""
        self.kill()

    @property
    def pid(self) -> int:
        """The number of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it answers a moment later."""
        assert self._process is None
        self.starts += 1
        self._process = warm.start(["idp"], self._environment, self.log)

    def wait(self) -> None:
        """Wait until it answers; fails if it ends instead, or after START_SECONDS."""
        self._wait("/healthz")

    def wait_ready(self) -> None:
        """Wait until it can do all that it should, its database included."""
        self._wait("/readyz")

    def _wait(self, path: str) -> None:
        until = time.monotonic() + START_SECONDS
        with self.http() as http:
            while time.monotonic() < until:
                assert self._process is not None
                assert self._process.poll() is None, self.log.read_text(encoding="utf-8")[-2000:]
                with suppress(httpx.TransportError):
                    if http.get(f"{self.issuer}{path}").status_code == 200:
                        return
                time.sleep(LOOK_SECONDS)
        raise AssertionError(f"No 200 at {path} of the provider: {self.log.read_text(encoding='utf-8')[-2000:]}")

    def kill(self) -> None:
        """End it as the system does when memory runs out: SIGKILL, nothing finished, nothing said."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """End it as an operator does, requests in flight finished; return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(START_SECONDS)
        self._process = None
        return code

    def http(self) -> httpx.Client:
        """Return a client with cookies of its own that follows no redirect."""
        transport = MappedSyncTransport(ConnectMap.parse(DEFAULT_MAP), verify=False)
        return httpx.Client(transport=transport, timeout=20, trust_env=False)
