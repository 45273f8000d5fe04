"""HTTP/1.1 on a connection: uvicorn's protocol on llhttp, with the strictness and the bounds that llhttp leaves out.

h11, which has them, takes a quarter of what a roam costs the provider (docs/decisions/0016-what-a-roam-costs.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024
"""Bytes of a head, of trailers, or of a chunk's extensions, beside what one more read from the socket brings."""


ARRIVED = "manyou.arrived"
"""In the scope of a request whose body is here already, as nearly all are before anybody asks for it."""


class _HeadWithBody:
    """A connection as one answer is written to it: its head goes with the first piece of its body, in one call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.write: Callable[[bytes], None] = self._keep
        self.is_closing = transport.is_closing

    def _keep(self, head: bytes) -> None:
        self._head = head
        self.write = self._join

    def _join(self, body: bytes) -> None:
        self._transport.write((self._head or b"") + body)
        self._head = None
        self.write = self._transport.write

    def close(self) -> None:
        """Close the connection once all is written."""
        if self._head is not None:
            self._join(b"")
        self._transport.close()


class HttpProtocol(HttpToolsProtocol):
    """One connection, its requests one after another."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._without_body = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # before the first

    def data_received(self, data: bytes) -> None:
        """Read on; what goes on without becoming a request or its body is cut off."""
        self._without_body += len(data)
        super().data_received(data)
        if self._without_body > HEAD_LIMIT and not self.transport.is_closing():
            if self.idle:
                self.send_400_response("The head of the request is too large.")
            else:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, and no trailer: it would count as if it had been in the head (RFC 9110 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, if it has one Host (RFC 9112 3.2); llhttp makes a refusal of the exception."""
        self._in_head = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            raise ValueError("not one Host")
        super().on_headers_complete()
        if not self.expect_100_continue and self.scope["method"] != "HEAD":
            self.cycle.transport = _HeadWithBody(self.transport)  # type: ignore[assignment]  # all of it that is used

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; how long that may be is the application's matter."""
        self._without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._without_body = 0
        self.scope[ARRIVED] = True  # type: ignore[literal-required]  # of our own
        super().on_message_complete()
