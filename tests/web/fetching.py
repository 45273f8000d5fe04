"""What the tests of the fetcher share: servers' answers, a resolver that answers from a list, one way to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from web.fetch import Fetcher, FetchRefused
from web.guard import Guard

HERE = Guard.parse("127.0.0.1/32")
NOWHERE = Guard()
KIB = 1024
JSON = ("application/json",)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[..., Awaitable[int]]
MakeFetcher = Callable[..., Fetcher]


class Names:
    """A resolver that answers from a list, the last answer for ever, and keeps what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Held:
    """A handler that answers nobody until it is told to, and counts who waits."""

    def __init__(self) -> None:
        self.here = 0
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._changed:
            self.here += 1
            self._changed.notify_all()
        await self._released.wait()
        await answers(b"{}")(reader, writer)

    async def wait(self, count: int) -> None:
        """Wait until `count` have come."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: self.here >= count)

    def release(self) -> None:
        """Answer all."""
        self._released.set()


def answers(body: bytes) -> Handler:
    """Return a handler that answers 200 with this body."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\ncontent-type: application/json\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return handler


async def get(fetcher: Fetcher, uri: str, **options: Any) -> bytes:
    """Fetch with limits that are in nobody's way unless said."""
    return await fetcher.get(uri, **{"limit": 64 * KIB, "seconds": 20.0, "media_types": JSON, **options})


async def refused(fetcher: Fetcher, uri: str, **options: Any) -> str:
    """Fetch what must be refused, by a sentence that names it, and return the code."""
    with pytest.raises(FetchRefused) as why:
        await get(fetcher, uri, **options)
    text = why.value.text
    assert text.isascii()
    assert text.lower().startswith(uri[:5].lower())
    assert text.endswith(".")
    return why.value.code
