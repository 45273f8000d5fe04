"""How a portal calls the provider: one pool of connections, small time limits, bounded answers, no redirects."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter

import httpx2

from portals.counted import Metrics
from web import trace
from web.clock import Clock
from web.connect import ConnectMap, MappedTransport2

SECONDS = 5.0
LIMIT = 256 * 1024
"""Bytes of one answer; metadata, keys and tokens are a few thousand."""


class AnswerTooLarge(httpx2.TransportError):
    """An answer beyond LIMIT."""


@dataclass(frozen=True)
class Call:
    """When the provider was called last, and whether it answered with something else than a fault of its own."""

    at: float
    answered: bool


class Calls:
    """What came of the calls to the provider."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self.last: Call | None = None

    def note(self, path: str, status: int | None, seconds: float) -> None:
        """Note a call; None stands for no answer."""
        self.last = Call(self._clock(), status is not None and status < 500)
        self._metrics.called(path, status, seconds)


class BoundedTransport(MappedTransport2):
    """A mapped transport whose answers end at LIMIT bytes and set no cookies; its calls go on with the trace."""

    def __init__(self, connect: ConnectMap, calls: Calls, *, verify: bool | ssl.SSLContext = True) -> None:
        super().__init__(connect, verify=verify)
        self._calls = calls

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request` and return its answer with the bound around its body."""
        # A compressed answer could grow beyond the bound after it was counted.
        request.headers["accept-encoding"] = "identity"
        request.headers.update(trace.onward())
        status, began = None, perf_counter()
        try:
            answer = await super().handle_async_request(request)
            status = answer.status_code
        finally:
            self._calls.note(request.url.path, status, perf_counter() - began)
        # One client serves all people: a cookie kept for one would be sent for the next.
        answer.headers.pop("set-cookie", None)
        stream = answer.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        answer.stream = _Bounded(stream)
        return answer


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LIMIT:
                raise AnswerTooLarge("The answer is too large.")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
