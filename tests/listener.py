"""A small HTTP server on loopback that remembers what it was sent and answers as a test says."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Received:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    query: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The body's parameters, the first value of each."""
        return {name: values[0] for name, values in parse_qs(self.body).items()}


@dataclass(frozen=True)
class Reply:
    """What to answer; `write` may answer instead, piece by piece, with the raw handler."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    write: Callable[[BaseHTTPRequestHandler], None] | None = None


class _Server(ThreadingHTTPServer):
    # As many may connect at once as a queue sends at once; the usual five would turn some away.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed while it asked; any other failure is a mistake in a test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Listener:
    """A context manager; `replies` says by path what is answered, 200 and nothing where it says nothing."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: dict[str, Reply | Callable[[Received], Reply]] = {}
        self._received: list[Received] = []
        self._changed = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                listener._answer(self)

            do_POST = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: standard error belongs to the test."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_SECONDS)

    def received(self, path: str) -> list[Received]:
        """Return what has come to `path` so far."""
        with self._changed:
            return [one for one in self._received if one.path == path]

    def wait(self, path: str, matches: Callable[[Received], bool] = lambda one: True, count: int = 1) -> list[Received]:
        """Return the requests to `path` that match as soon as there are `count`; fails after WAIT_SECONDS."""

        def found() -> list[Received]:
            return [one for one in self._received if one.path == path and matches(one)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, WAIT_SECONDS), (
                f"{len(found())} of {count} requests came to {path}"
            )
            return found()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        raw = handler.rfile.read(length)
        if len(raw) < length:
            raise ConnectionError("The client went away within its request.")
        body = raw.decode("utf-8", "replace")
        path, _, query = handler.path.partition("?")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        received = Received(handler.command, path, headers, body, query)
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
        rule = self.replies.get(path, Reply())
        reply = rule(received) if callable(rule) else rule
        if reply.write is not None:
            reply.write(handler)
            return
        handler.send_response(reply.status)
        handler.send_header("content-type", reply.content_type)
        handler.send_header("content-length", str(len(reply.body)))
        for name, value in reply.headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body)
