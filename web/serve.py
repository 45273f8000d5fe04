"""Sockets and signals: several services in one process, each with uvicorn on a socket that was bound beforehand.

The first service is started first and stopped last, because the others call it. Ctrl-C or SIGTERM ends all of them
after the requests in flight, within DRAIN_SECONDS; a second one ends them at once. Behind a proxy they serve on before
that for as long as it takes to be left by it (`web/leaving.py`).
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import resource
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.bounded_http import bounded, look_at
from web.handshakes import Handshakes
from web.http_protocol import HttpProtocol
from web.leaving import Leaving
from web.limits import Bounded, Limits
from web.observed import ObservedApp

DRAIN_SECONDS = 10
LEAVE_SECONDS = 0.2
FIRST_REQUEST_SECONDS = 1.0
"""How long a connection that came last is waited for: whoever opens one behind a proxy has a request to send."""
BACKLOG = 1024
OTHER_FILES = 256
"""Databases, calls to others and what else a process opens besides the connections that it answers on."""

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """An address that cannot be listened on; the text is one sentence that names the setting."""


class PortTaken(CannotListen):
    """A port that another program listens on."""


class CannotStart(Exception):
    """A service whose start failed; the text is one sentence that names the service and the reason."""


@dataclass(frozen=True)
class Service:
    """One ASGI application, the name that people know it by, the bound socket that it answers on, and its bounds."""

    name: str
    app: ASGIApp
    sock: socket.socket
    tls: ssl.SSLContext | None = None
    limits: Limits = field(default_factory=Limits)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` (an IP address or a name) and `port`; 0 lets the system choose one.

    Raises PortTaken, or CannotListen when the address is not this machine's or the port is a privileged one.
    """
    if port > 65535:
        raise CannotListen(f"{port} is not a port; set MANYOU_PORT_BASE (or --port-base) to a number up to 65530.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise CannotListen(f"Cannot listen on {host}, port {port} (MANYOU_BIND, MANYOU_PORT_BASE): {error}.") from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Listening at once, not only at the start of the service, is what makes a second program's bind fail here.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} on {host} is taken by another program; "
                "set MANYOU_PORT_BASE (or --port-base) to use other ports."
            ) from error
        raise CannotListen(
            f"Cannot listen on {host}, port {port} (MANYOU_BIND, MANYOU_PORT_BASE): {error.strerror}."
        ) from error
    sock.setblocking(False)
    return sock


class Running:
    """A service that is being served in the running loop; `start`, then `tick` every second, then `stop`."""

    def __init__(self, service: Service, *, trusted_proxies: str = "", drain: float = DRAIN_SECONDS) -> None:
        self.name = service.name
        self._sock = service.sock
        self._app = _KeepsFailure(service.app)
        refused = service.app.refused if isinstance(service.app, ObservedApp) else None
        bound = Bounded(self._app, service.limits, refused)
        self._leaving = Leaving(bound)
        self._handshakes: Handshakes | None = None
        if service.tls is not None:
            self._handshakes = Handshakes(service.tls, service.limits.handshakes, service.limits.seconds)
        self._server = _Server(
            self._handshakes,
            uvicorn.Config(
                self._leaving,
                log_config=None,
                access_log=False,
                server_header=False,
                http=bounded(service.limits),
                timeout_keep_alive=service.limits.idle_seconds,
                ws="none",
                lifespan="on",
                # uvicorn trusts X-Forwarded-* from 127.0.0.1 unless told not to.
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=trusted_proxies or None,
                backlog=BACKLOG,
                timeout_graceful_shutdown=max(1, round(drain)),
            ),
        )
        bound.tasks = self._server.server_state.tasks

    async def start(self) -> None:
        """Run the application's start and accept connections. Raises CannotStart; the socket is closed then."""
        try:
            await self._server.open(self._sock)
        except SystemExit:
            # uvicorn leaves the process when an application's start fails, and asyncio would not survive that.
            self._sock.close()
            cause = self._app.failure
            log.error("start failed: %s", self.name, exc_info=cause)
            reason = str(cause) or type(cause).__name__
            raise CannotStart(f"{self.name} could not start: {reason}") from cause

    async def tick(self) -> None:
        """Renew the Date header and drop who keeps us waiting; to be called about every second."""
        await self._server.on_tick(0)
        look_at(self._server.server_state.connections, asyncio.get_running_loop().time())

    def leave(self) -> None:
        """Serve on, but be ready no more, and let each answer be the last one of its connection."""
        self._leaving.begun = True

    async def take_no_more(self) -> None:
        """Stop listening after `leave`, and give whoever has come before that the time to ask."""
        await self._server.take_last(self._sock)
        for _ in range(round(FIRST_REQUEST_SECONDS / 0.02)):
            if self._server.force_exit or not self._server.awaits_first_request():
                return
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Accept nothing more, let requests in flight finish, run the application's end, close the socket."""
        self._server.should_exit = True
        leaving = asyncio.create_task(self._server.leave_idle()) if self._handshakes is not None else None
        await self._server.shutdown([self._sock])
        if leaving is not None:
            leaving.cancel()
        if self._handshakes is not None:
            self._handshakes.drop_all()

    def force(self) -> None:
        """Make a `stop` under way end at once."""
        self._server.force_exit = True


async def serve(
    services: Sequence[Service],
    *,
    ready: Callable[[], None] | None = None,
    trusted_proxies: str = "",
    drain_seconds: int = 0,
) -> None:
    """Serve `services` until SIGINT or SIGTERM; `ready` is called when all of them answer.

    Raises CannotStart, after those already started have been stopped. `trusted_proxies` is a comma-separated list of
    addresses whose X-Forwarded-* headers count; empty means nobody's. `drain_seconds` is how long the services serve on
    after the signal, so that a proxy can send requests elsewhere before they are stopped.
    """
    _make_room(services)
    running = [Running(service, trusted_proxies=trusted_proxies) for service in services]
    started: list[Running] = []
    with _signals(running) as (stopping, forced):
        try:
            for one in running:
                if not stopping.is_set():
                    await one.start()
                    started.append(one)
            if ready is not None and not stopping.is_set():
                # In a thread, since the services answer from here on.
                await asyncio.to_thread(ready)
            # What is there now stays: to look through it again and again for garbage takes some 50 ms each time.
            gc.collect()
            gc.freeze()
            while not stopping.is_set():
                await asyncio.gather(*(one.tick() for one in started))
                await _wait(stopping, 1.0)
            if drain_seconds:
                await _drain(started, forced, drain_seconds)
        finally:
            await asyncio.gather(*(one.stop() for one in started[1:]))
            await asyncio.gather(*(one.stop() for one in started[:1]))
            for service in services:
                service.sock.close()


def run_blocking(
    services: Sequence[Service],
    *,
    ready: Callable[[], None] | None = None,
    trusted_proxies: str = "",
    drain_seconds: int = 0,
) -> int:
    """Serve until a signal and return the process's exit code; a failed start is one line on standard error."""
    try:
        asyncio.run(serve(services, ready=ready, trusted_proxies=trusted_proxies, drain_seconds=drain_seconds))
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _drain(started: Sequence[Running], forced: asyncio.Event, seconds: int) -> None:
    for one in started:
        one.leave()
    for _ in range(seconds):
        if not forced.is_set():
            await asyncio.gather(*(one.tick() for one in started))
            await _wait(forced, 1.0)
    await asyncio.gather(*(one.take_no_more() for one in started))


def _make_room(services: Sequence[Service]) -> None:
    """Raise the number of files that this process may have open, as far as it may, to what its connections need."""
    wanted = sum(service.limits.connections + service.limits.handshakes for service in services) + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn's server in steps, so that several share one loop and one signal handler."""

    def __init__(self, handshakes: Handshakes | None, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._handshakes = handshakes
        self._http: Any = None

    async def open(self, sock: socket.socket) -> None:
        if not self.config.loaded:
            self.config.load()
            self._http = self.config.http_protocol_class
            # uvicorn would make a context of its own, with ciphers and versions that are not ours, and bound nothing.
            self.config.http_protocol_class = self._protocol  # type: ignore[assignment]  # all that it does is call it
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup([sock])
        await self.on_tick(0)

    async def take_last(self, sock: socket.socket) -> None:
        """Close the listening socket, and take those who have knocked already: a close would reset what they send."""
        knocked: list[socket.socket] = []
        with suppress(OSError):
            while True:
                knocked.append(sock.accept()[0])
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for one in knocked:
            one.setblocking(False)
            with suppress(OSError):
                await loop.connect_accepted_socket(self._next_protocol, one)

    def awaits_first_request(self) -> bool:
        """Tell whether somebody has connected who has not yet sent a request."""
        return bool(self._handshakes) or any(
            isinstance(one, HttpProtocol) and one.cycle is None for one in self.server_state.connections
        )

    def _next_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
        )

    def _protocol(self, **given: Any) -> asyncio.BaseProtocol:
        """Return what the next connection speaks, as uvicorn makes it, behind TLS where that is spoken."""
        made: asyncio.Protocol = self._http(**given)
        return made if self._handshakes is None else self._handshakes.before(made)

    async def leave_idle(self) -> None:
        """Leave connections that nothing is in flight on, of clients that do not answer TLS's good-bye."""
        while True:
            await asyncio.sleep(LEAVE_SECONDS)
            for connection in list(self.server_state.connections):
                if isinstance(connection, HttpProtocol) and connection.idle:
                    connection.transport.abort()


class _KeepsFailure:
    """An application that remembers why its start failed: uvicorn only logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.failure: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def without_traceback(message: Message) -> None:
            await send({key: value for key, value in message.items() if key != "message"})

        try:
            await self._app(scope, receive, without_traceback)
        except Exception as error:
            self.failure = error
            raise


@contextmanager
def _signals(running: Sequence[Running]) -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Set the first event on the first SIGINT or SIGTERM; on the second the other one, and force the ends."""
    stopping, forced = asyncio.Event(), asyncio.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping, forced
        return

    def stop() -> None:
        if stopping.is_set():
            forced.set()
            for one in running:
                one.force()
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield stopping, forced
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
