"""The region in one process: provider and portals, from the same factories as when each of them runs alone."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from fastapi import FastAPI

import idp.app
import idp.settings
import portals.app
import portals.portal
import portals.settings
from web import serve, tls
from web.addresses import portal_folders
from web.clock import Clock, system_clock
from web.connect import ConnectMap
from web.limits import Limits

PROVIDER = "idp"
PROVIDER_TITLE = {"zh-CN": "统一认证", "en": "Provider"}
START_SECONDS = 30.0
TICK_SECONDS = 1.0
DRAIN_SECONDS = 2.0
CLAIM_OFFSET = 9
"""The last port of a base, on which nobody listens but whoever holds the base."""


class NoFreePorts(Exception):
    """No run of consecutive free ports; the text is one sentence."""


class Part:
    """One service of the region: `idp` or a portal's client_id, its title by language, its address, its making."""

    def __init__(
        self, name: str, title: Mapping[str, str], address: str, port: int, make: Callable[[], FastAPI]
    ) -> None:
        self.name = name
        self.title = title
        self.address = address
        self.port = port
        self._make = make
        self.app: FastAPI

    tls: ssl.SSLContext | None = None
    """How it speaks TLS, where it does."""
    limits: Limits = Limits()

    def service(self, sock: socket.socket) -> serve.Service:
        """Make the application anew, as a new process would, to be served on `sock`."""
        self.app = self._make()
        return serve.Service(self.name, self.app, sock, self.tls, self.limits)


@dataclass(frozen=True)
class Region:
    """The provider, first, and the portals by their `order`; `services` are theirs, on bound sockets."""

    parts: tuple[Part, ...]
    services: tuple[serve.Service, ...]
    bind: str
    connect: ConnectMap

    @classmethod
    def assemble(
        cls,
        idp_settings: idp.settings.Settings,
        portal_settings: portals.settings.Settings,
        clock: Clock = system_clock,
    ) -> Region:
        """Bind every socket, then make every application; nothing answers before it is served.

        Raises serve.CannotListen, web.addresses.BadPortalFile, and what the factories raise on bad settings.
        """
        parts = [
            Part(
                PROVIDER,
                PROVIDER_TITLE,
                idp_settings.issuer,
                idp_settings.port_base,
                partial(idp.app.create_app, idp_settings, clock),
            )
        ]
        found = [portals.portal.load(folder, portal_settings) for folder in portal_folders(portal_settings.portals)]
        for portal in sorted(found, key=lambda portal: (portal.order, portal.port)):
            make = partial(portals.app.create_app, portal, portal_settings, clock)
            parts.append(Part(portal.client_id, portal.short, portal.address, portal.port, make))
        context = tls.serving(idp_settings, [urlsplit(part.address).hostname or "" for part in parts])
        for part in parts:
            part.tls = context
            part.limits = (idp_settings if part.name == PROVIDER else portal_settings).limits
        sockets = _bind_all(idp_settings.bind, [part.port for part in parts])
        try:
            services = [part.service(sock) for part, sock in zip(parts, sockets, strict=True)]
        except BaseException:
            _close(sockets)
            raise
        return cls(tuple(parts), tuple(services), idp_settings.bind, ConnectMap.parse(portal_settings.connect))

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return self.parts[0].address

    def part(self, name: str) -> Part:
        """Return the service called `name`. Raises KeyError."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)

    def address(self, name: str) -> str:
        """Return the address of the portal called `name`, or the issuer for `idp`. Raises KeyError."""
        return self.part(name).address

    @property
    def portal_names(self) -> tuple[str, ...]:
        """The names of the portals."""
        return tuple(part.name for part in self.parts[1:])


class RegionThread:
    """A region that runs beside its caller, on free ports and a state folder of its own; a context manager.

    For tests and the tour: real sockets and real HTTP. Single services can be taken down and brought up again.
    """

    def __init__(
        self,
        var: Path,
        *,
        portal_places: str | None = None,
        port_base: int | None = None,
        clock: Clock = system_clock,
        idp_values: Mapping[str, Any] | None = None,
        portal_values: Mapping[str, Any] | None = None,
    ) -> None:
        self.var = var
        self._clock = clock
        places = {} if portal_places is None else {"portals": portal_places}
        self._idp_values = {"var": var, **places, **(idp_values or {})}
        self._portal_values = {"var": var, **places, **(portal_values or {})}
        self._claim: socket.socket | None = None
        self.region = self._assemble(port_base)
        self._running: dict[str, serve.Running] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="region", daemon=True)

    def __enter__(self) -> Self:
        """Start every service. Raises serve.CannotStart."""
        self._thread.start()
        try:
            for service in self.region.services:
                self._start(service)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return self.region.issuer

    @property
    def portal_names(self) -> tuple[str, ...]:
        """The names of the portals."""
        return self.region.portal_names

    @property
    def connect(self) -> ConnectMap:
        """How the region's names are dialled."""
        return self.region.connect

    def address(self, name: str) -> str:
        """Return the address of a portal, or of the provider for `idp`."""
        return self.region.address(name)

    def app(self, name: str) -> FastAPI:
        """Return the application of a service, whose `state` holds its parts."""
        return self.region.part(name).app

    def stop_service(self, name: str) -> None:
        """Take one service down: requests in flight finish, later ones are refused a connection."""
        self._call(self._running.pop(name).stop())

    def start_service(self, name: str) -> None:
        """Bring a service that was taken down up again, on the same port and the same state."""
        part = self.region.part(name)
        self._start(part.service(serve.bind(self.region.bind, part.port)))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run `coroutine` in the region's loop and return its result: how a test reaches into a service's parts."""
        return self._call(coroutine)

    def stop(self) -> None:
        """Stop every service, portals first, and end the thread; doing it twice does no harm."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            for name in [*reversed(self._running)]:
                self.stop_service(name)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_SECONDS)
        _close(service.sock for service in self.region.services)
        if self._claim is not None:
            self._claim.close()
        self._loop.close()

    def _assemble(self, port_base: int | None) -> Region:
        # Where ports run out of luck (another test's region, a fifth portal), the next base is tried.
        for base in [port_base] if port_base is not None else islice(port_bases(), 500):
            with ExitStack() as undo, suppress(serve.PortTaken):
                if port_base is None:
                    # Held while services stop and start again: others that look for a base pass this one over.
                    self._claim = serve.bind("127.0.0.1", base + CLAIM_OFFSET)
                    undo.callback(self._claim.close)
                region = Region.assemble(
                    idp.settings.Settings(port_base=base, **self._idp_values),
                    portals.settings.Settings(port_base=base, **self._portal_values),
                    self._clock,
                )
                undo.pop_all()
                return region
        raise NoFreePorts("There are no consecutive free ports for the region between 20000 and 30000.")

    def _start(self, service: serve.Service) -> None:
        running = serve.Running(service, drain=DRAIN_SECONDS)
        self._call(running.start())
        self._running[service.name] = running

    def _call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(START_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        ticking = self._loop.create_task(self._tick())
        try:
            self._loop.run_forever()
        finally:
            ticking.cancel()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())

    async def _tick(self) -> None:
        while True:
            for running in list(self._running.values()):
                await running.tick()
            await asyncio.sleep(TICK_SECONDS)


def _bind_all(host: str, ports: Iterable[int]) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        sockets.extend(serve.bind(host, port) for port in ports)
    except serve.CannotListen:
        _close(sockets)
        raise
    return sockets


def _close(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def port_bases() -> Iterator[int]:
    """Yield bases below the ports that systems hand out for outgoing connections, beginning at this process's own."""
    first = os.getpid() % 1000
    for step in range(1000):
        yield 20_000 + (first + step) % 1000 * 10
