"""HTTP/1.1 on a connection: uvicorn's protocol on llhttp, with the strictness and the bounds that llhttp leaves out.

h11, which has them, takes a quarter of what a roam costs the provider (docs/decisions/0016-what-a-roam-costs.md).
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.http_answer import Exchange

HEAD_LIMIT = 64 * 1024
"""Bytes of a head, of trailers, or of a chunk's extensions, beside what one more read from the socket brings."""


ARRIVED = "manyou.arrived"
"""In the scope of a request whose body is here already, as nearly all are before anybody asks for it."""


class HttpProtocol(HttpToolsProtocol):
    """One connection, its requests one after another."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._without_body = 0
        self.answered_at = 0.0
        """When the last answer was complete, by the loop's clock."""

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # before the first

    def data_received(self, data: bytes) -> None:
        """Read on; what goes on without becoming a request or its body is cut off."""
        self._without_body += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
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
        version = self.parser.get_http_version()
        hosts = sum([name == b"host" for name, _ in self.headers])
        if hosts != 1 and (hosts or version == "1.1"):
            raise ValueError("not one Host")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["path"] = self.root_path + (unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + url.path
        scope["query_string"] = url.query or b""
        before = self.cycle
        self.cycle = Exchange(
            self.tasks,
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:  # type: ignore[redundant-expr]  # before the first
            self.cycle.start(self.loop, self.app)
        else:
            # One that was sent before the answer to the last one is answered after it (RFC 9112 9.3.2).
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; how long that may be is the application's matter."""
        self._without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._without_body = 0
        self.scope[ARRIVED] = True  # type: ignore[literal-required]  # of our own
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; how long it is waited for is looked at from outside, not by a timer for each."""
        self.server_state.total_requests += 1
        self.answered_at = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            cycle.start(self.loop, app)  # type: ignore[attr-defined]  # all are of our own making
