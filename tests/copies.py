"""Several providers on one database, each a process of its own, and a way to whichever of them chance will have."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from idp.settings import Settings
from tests import warm
from tests.faults.off_clock import command
from tests.journeys.eventually import eventually
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration
from tests.ports import free_ports
from tests.rules.tracked import ROOT
from tests.visitor import Visitor
from tests.warm import WarmProcess

START_SECONDS = 60.0
ISSUER = "http://idp.localhost:8000"
"""What the copies call themselves; where each of them listens is another matter."""


class Copies:
    """So many providers on one database, started at the same moment; a context manager.

    What they call themselves is one address. Every request to it goes to a copy by chance, as `seed` says, over a
    connection of its own.
    """

    def __init__(
        self,
        place: Path,
        database: str,
        registrations: Callable[[Listener], Iterable[Registration]],
        number: int = 2,
        seed: int = 0,
        **environment: str,
    ) -> None:
        self.listener = Listener()
        self.registrations = {one.client_id: one for one in registrations(self.listener)}
        for registration in self.registrations.values():
            registration.write(place / "clients")
        self._place = place
        self.environment = {
            "MANYOU_ISSUER": ISSUER,
            "MANYOU_VAR": str(place / "var"),
            "MANYOU_PORTALS": str(place / "clients"),
            "MANYOU_IDP_DATABASE": database,
            "MANYOU_KEY_SECRET": "what-all-the-copies-of-one-provider-share",
            **environment,
        }
        self._random = random.Random(seed)
        self._stack = ExitStack()
        self.ports = free_ports(number)
        self._killed: list[int] = []
        self._processes: dict[int, subprocess.Popen[bytes] | WarmProcess] = {}
        self.asked: list[int] = []
        """The ports that requests went to."""

    def __enter__(self) -> Self:
        """Start, all at once, and wait until all are ready."""
        self._stack.enter_context(self.listener)
        try:
            for port in self.ports:
                self.start(port)
            for port in self.ports:
                self.wait(port)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            process.wait(30)
        self._stack.close()

    def start(self, port: int, ahead: float = 0.0) -> None:
        """Start a copy, again if it was killed, by a clock that is `ahead` seconds."""
        if port not in self.ports:
            self.ports.append(port)
        if port in self._killed:
            self._killed.remove(port)
        environment = {**self.environment, "MANYOU_PORT_BASE": str(port)}
        path = self._place / f"copy-{port}.log"
        if not ahead:
            self._processes[port] = warm.start(["idp"], environment, path)
            return
        with path.open("ab") as log:
            self._processes[port] = subprocess.Popen(
                command(ahead, "idp"),
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, port: int) -> None:
        """Wait until a copy is ready."""

        def ready() -> bool:
            assert self._processes[port].poll() is None, self.log(port)
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        assert eventually(ready, seconds=START_SECONDS), self.log(port)

    def have(self, number: int) -> None:
        """Let there be so many: some are killed, or those that were are started again."""
        while len(self.ports) > number:
            self.kill(self.ports[-1])
        back = self._killed[: number - len(self.ports)]
        for port in back:
            self.start(port)
        for port in back:
            self.wait(port)

    def kill(self, port: int) -> None:
        """End a copy as a power cut would."""
        process = self._processes.pop(port)
        process.kill()
        process.wait(30)
        self.ports.remove(port)
        self._killed.append(port)

    @contextmanager
    def frozen(self, port: int) -> Iterator[None]:
        """Stop a copy's clock and hands for as long; nobody is sent to it."""
        self.ports.remove(port)
        self._processes[port].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[port].send_signal(signal.SIGCONT)
            self.ports.append(port)

    def log(self, port: int) -> str:
        """Return what a copy said."""
        return (self._place / f"copy-{port}.log").read_text(encoding="utf-8")

    @property
    def shared(self) -> dict[str, str]:
        """The variables that all share, for commands."""
        names = ("MANYOU_ISSUER", "MANYOU_VAR", "MANYOU_PORTALS", "MANYOU_IDP_DATABASE", "MANYOU_KEY_SECRET")
        return {name: self.environment[name] for name in names}

    @property
    def settings(self) -> Settings:
        """The settings that all share, for commands."""
        shared = {name.removeprefix("MANYOU_").lower(): value for name, value in self.shared.items()}
        return Settings(**shared)  # type: ignore[arg-type]

    def http(self, port: int | None = None) -> httpx.Client:
        """Return a client with cookies of its own that follows no redirect and meets another copy each time.

        With a port it is the copy there that it meets.
        """
        return self._stack.enter_context(httpx.Client(transport=_Spread(self, port), timeout=30, trust_env=False))

    def visitor(self) -> Visitor:
        """Return a new person's browser."""
        return Visitor(self.http(), ISSUER)

    def client(self, client_id: str = "alpha", port: int | None = None) -> PortalClient:
        """Return the client of that name, which asks any copy, or the one at a port."""
        return PortalClient(self.registrations[client_id], ISSUER, self.http(port), time.time)

    def choose(self) -> int:
        """Return the port that the next request goes to."""
        self.asked.append(self._random.choice(self.ports))
        return self.asked[-1]


class _Spread(httpx.HTTPTransport):
    def __init__(self, copies: Copies, port: int | None) -> None:
        super().__init__(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._copies = copies
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(host="127.0.0.1", port=self._port or self._copies.choose())
        return super().handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        )
