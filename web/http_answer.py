"""One request and its answer on a connection: uvicorn's cycle, whose answer goes out head and body in one piece.

Of an answer most header lines are the same as the last time; each is checked and put together once.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

_NO_BODY = frozenset({204, 304})
_EVERY_OTHER = frozenset({b"location", b"content-length", b"date", b"set-cookie", b"dpop-nonce"})
"""Headers whose lines are hardly ever the same twice."""


class Exchange(RequestResponseCycle):
    """A request with its answer; `tasks` holds the task that answers it, from its start to its last step."""

    def __init__(self, tasks: set[asyncio.Task[None]], **options: Any) -> None:
        super().__init__(**options)
        self._tasks = tasks
        self._head: bytes | None = None

    def start(self, loop: asyncio.AbstractEventLoop, app: ASGIApp) -> None:
        """Have the request answered."""
        self._task = loop.create_task(self.run_asgi(app))
        self._tasks.add(self._task)

    async def run_asgi(self, app: Any) -> None:
        """Answer the request; an application that breaks off is told to the log, and to the client as far as it can."""
        try:
            await app(self.scope, self.receive, self.send)
            broken_off = not self.response_complete and not self.disconnected
            if broken_off:
                self.logger.error("The application returned without an answer, or with half of one.")
        except BaseException as error:
            self.logger.error("Exception in ASGI application", exc_info=error)
            broken_off = True
        finally:
            self.on_response = _nothing
            # Not by a callback of the task, which would cost the loop one more round for each request.
            self._tasks.discard(self._task)
        if broken_off and not self.response_started:
            await self.send_500_response()
        elif broken_off:
            self.transport.write(self._head or b"")
            self.transport.close()

    async def send(self, message: Message) -> None:  # type: ignore[override]  # Starlette's name for the same
        """Take the head of the answer, then pieces of its body; the first piece goes with the head, in one call."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._head = self._begun(message)
        elif self.response_complete:
            raise RuntimeError(f"{message['type']} was sent after the end of the answer.")
        else:
            self._continued(message)

    def _begun(self, message: Message) -> bytes:
        if message["type"] != "http.response.start":
            raise RuntimeError(f"An answer cannot begin with {message['type']}.")
        status: int = message["status"]
        lines = [STATUS_LINE[status]]
        closes, length, chunked = False, 0, None
        for given, value in [*self.default_headers, *message.get("headers", ())]:
            name = given.lower()
            if name == b"content-length":
                if chunked is None:
                    length, chunked = int(value), False
            elif name == b"transfer-encoding" and value.lower() == b"chunked":
                length, chunked = 0, True
            elif name == b"connection" and b"close" in [one.strip() for one in value.lower().split(b",")]:
                closes = True
            lines.append(_checked(name, value) if name in _EVERY_OTHER else _line(name, value))
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
        if chunked is None and self.scope["method"] != "HEAD" and status not in _NO_BODY:
            chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        # Only now: where a header is refused nothing has begun, and the client can still be told.
        self.response_started = True
        self.waiting_for_100_continue = False
        self.keep_alive = self.keep_alive and not closes
        self.expected_content_length, self.chunked_encoding = length, chunked
        return b"".join(lines)

    def _continued(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            raise RuntimeError(f"An answer cannot go on with {message['type']}.")
        body: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        head, self._head = self._head or b"", None
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            if len(body) > self.expected_content_length:
                raise RuntimeError("The answer is longer than its Content-Length.")
            self.expected_content_length -= len(body)
        if head or body:
            self.transport.write(head + body)
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("The answer is shorter than its Content-Length.")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _nothing() -> None:
    return


def _checked(name: bytes, value: bytes) -> bytes:
    """Return a header's line. Raises RuntimeError where name or value would not stay within it (RFC 9110 5.5)."""
    if HEADER_RE.search(name):
        raise RuntimeError("Invalid HTTP header name.")
    if HEADER_VALUE_RE.search(value):
        raise RuntimeError("Invalid HTTP header value.")
    return b"%b: %b\r\n" % (name, value)


_line = lru_cache(maxsize=256)(_checked)
