"""How a portal calls the provider: one pool of connections, small time limits, bounded answers, no redirects."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from web.connect import MappedTransport2

SECONDS = 5.0
LIMIT = 256 * 1024
"""Bytes of one answer; metadata, keys and tokens are a few thousand."""


class AnswerTooLarge(httpx2.TransportError):
    """An answer beyond LIMIT."""


class BoundedTransport(MappedTransport2):
    """A mapped transport whose answers end at LIMIT bytes and set no cookies."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request` and return its answer with the bound around its body."""
        # A compressed answer could grow beyond the bound after it was counted.
        request.headers["accept-encoding"] = "identity"
        answer = await super().handle_async_request(request)
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
