"""A queue of the test's own: its store, its clock, a listener as the client, and word of everything that it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp.audit import Auditor, Event
from idp.delivery.queue import DeliveryQueue, Outgoing
from idp.model import Delivery, Session, SignIn
from idp.stores.protocols import Stores
from idp.stores.sqlite import open_stores
from tests.listener import Listener
from web.clock import SettableClock
from web.connect import DEFAULT_MAP, ConnectMap
from web.fetch import Fetcher, Guard

NOW = 1_800_000_000.0
GIVE_UP = 3 * 86400.0


class Telling(Auditor):
    """An auditor that also tells the test, so that no test has to wait longer than it takes."""

    told: asyncio.Queue[tuple[Event, str]]

    async def record(self, event: Event, **words: str | None) -> None:
        await super().record(event, **words)  # type: ignore[arg-type]
        self.told.put_nowait((event, str(words["client_id"])))


@dataclass
class Post:
    """One state folder, on which any number of queues may work."""

    path: Path
    listener: Listener
    stack: AsyncExitStack
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    told: asyncio.Queue[tuple[Event, str]] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.stores = self.open()

    def open(self) -> Stores:
        """Open the state, once more, as another process would."""
        stores = open_stores(self.path / "idp.db")
        self.stack.push_async_callback(stores.upkeep.close)
        return stores

    def uri(self, client_id: str) -> str:
        """Where the client wants its logout tokens."""
        return f"http://{client_id}.localhost:{self.listener.port}/{client_id}"

    async def put(self, client_id: str, sid: str, uri: str | None = None) -> None:
        """End a sign-in, so that a logout token is queued."""
        session = Session(f"session of {sid}", "li", int(NOW), 3, ("pwd",), NOW, NOW, NOW + 28800)
        await self.stores.sessions.start(session)
        await self.stores.sign_ins.enter(SignIn(sid, session.session_id, client_id, "li", "sub", NOW, NOW))
        await self.stores.sign_ins.end([sid], "logged_out", self.clock(), {client_id: uri or self.uri(client_id)})

    async def queue(
        self,
        stores: Stores | None = None,
        prepare: Callable[[Delivery], Awaitable[Outgoing]] | None = None,
    ) -> DeliveryQueue:
        """Start a queue."""
        used = stores or self.stores
        auditor = Telling(used, self.clock)
        auditor.told = self.told
        fetcher = Fetcher(ConnectMap.parse(DEFAULT_MAP), Guard(), trust=False)
        self.stack.push_async_callback(fetcher.close)
        queue = DeliveryQueue(used.deliveries, prepare or as_queued, fetcher, auditor, self.clock, GIVE_UP)
        task = asyncio.create_task(queue.run())

        async def stop() -> None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await queue.close()

        self.stack.push_async_callback(stop)
        return queue

    async def next(self) -> tuple[Event, str]:
        """Return the next thing that a queue noted."""
        async with asyncio.timeout(20):
            return await self.told.get()

    async def rows(self) -> list[Delivery]:
        """Return what is in the queue, oldest first."""
        return list(reversed(await self.stores.deliveries.of_person("li", 100)))


async def as_queued(delivery: Delivery) -> Outgoing:
    return Outgoing(delivery.uri, f"token of {delivery.sid}", trusted=True)


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    with Listener() as listener:
        async with AsyncExitStack() as stack:
            yield Post(tmp_path, listener, stack)
