"""A region whose portals are several equal processes each, and a way to whichever of them chance will have."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from lab.region import RegionThread
from tests import warm
from tests.copies import START_SECONDS
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.ports import free_ports
from web import serve

METRICS_TOKEN = "whoever-has-this-may-read-the-metrics"


class PortalCopies:
    """So many processes of each of these portals in the place of the region's own; a context manager.

    At a portal's address a proxy sends each connection to a copy by chance; a person's requests go to one by chance
    each. `database` is PostgreSQL's address; without it the copies of a portal share the file in the region's folder.
    """

    def __init__(
        self, region: RegionThread, place: Path, portals: Iterable[str], database: str = "", number: int = 2
    ) -> None:
        self.region = region
        self._place = place
        self.database = database
        self._environment = {
            "MANYOU_VAR": str(region.var),
            "MANYOU_ISSUER": region.issuer,
            "MANYOU_METRICS_TOKEN": METRICS_TOKEN,
            **({"MANYOU_PORTAL_DATABASE": database} if database else {}),
            **{f"MANYOU_ADDRESS_{name.upper()}": region.address(name) for name in region.portal_names},
        }
        self._random = random.Random(0)
        self.ports = {portal: free_ports(number) for portal in portals}
        self._processes: dict[int, warm.WarmProcess] = {}
        self._fronts = {portal: _Front(self, portal) for portal in self.ports}
        self.asked: dict[str, set[int]] = defaultdict(set)
        """Which copies of each portal people's requests went to."""

    def __enter__(self) -> Self:
        """Stop the region's own, start the copies all at once, and wait until all are ready."""
        try:
            for portal, ports in self.ports.items():
                self.region.stop_service(portal)
                self._fronts[portal].start()
                for port in ports:
                    self.start(portal, port)
            for ports in self.ports.values():
                for port in ports:
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
        for front in self._fronts.values():
            front.stop()

    def start(self, portal: str, port: int) -> None:
        """Start a copy, again if it was killed."""
        offset = self.region.portal_names.index(portal) + 1
        environment = {**self._environment, "MANYOU_PORT_BASE": str(port - offset)}
        self._processes[port] = warm.start(["portals", portal], environment, self._place / f"{portal}-{port}.log")

    def wait(self, port: int) -> None:
        """Wait until a copy is ready."""

        def ready() -> bool:
            assert self._processes[port].poll() is None, self.log(port)
            try:
                return self.ask(port, "/readyz").status_code == 200
            except httpx.TransportError:
                return False

        assert eventually(ready, seconds=START_SECONDS), self.log(port)

    def kill(self, portal: str, port: int) -> None:
        """End a copy as the system does when memory runs out."""
        process = self._processes.pop(port)
        process.kill()
        process.wait(30)
        self.ports[portal].remove(port)

    def log(self, port: int) -> str:
        """Return what a copy said."""
        [path] = self._place.glob(f"*-{port}.log")
        return path.read_text(encoding="utf-8")

    def ask(self, port: int, path: str, **options: object) -> httpx.Response:
        """GET a path of one copy."""
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=30, **options)  # type: ignore[arg-type]

    def person(self, username: str = "li.beijing") -> Person:
        """Return a person whose every request goes to a copy by chance."""
        walker = Person(self.region, username)
        walker.browser.close()
        walker.browser = httpx.Client(
            transport=_Spread(self), headers={"accept-language": "zh-CN"}, timeout=30, trust_env=False
        )
        return walker

    def choose(self, portal: str) -> int:
        """Return the port that the next request goes to."""
        return self._random.choice(self.ports[portal])


class _Spread(httpx.HTTPTransport):
    """Sends what is for a portal to one of its copies, the rest to where it is."""

    def __init__(self, copies: PortalCopies) -> None:
        super().__init__(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._copies = copies

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        portal, port = request.url.host.removesuffix(".localhost"), request.url.port
        if portal in self._copies.ports:
            port = self._copies.choose(portal)
            self._copies.asked[portal].add(port)
        url = request.url.copy_with(host="127.0.0.1", port=port)
        return super().handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        )


class _Front:
    """A proxy at a portal's address, in a thread of its own: each connection goes to a copy by chance."""

    def __init__(self, copies: PortalCopies, portal: str) -> None:
        self._copies = copies
        self._portal = portal
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        port = int(self._copies.region.address(self._portal).rsplit(":", 1)[1])
        self._socket = serve.bind("127.0.0.1", port)
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
            self._socket.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket))
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            ahead, onward = await asyncio.open_connection("127.0.0.1", self._copies.choose(self._portal))
            await asyncio.gather(_pump(reader, onward), _pump(ahead, writer))
        writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
