"""Where portals of a bench are told of log-outs: whatever comes is answered with 200 and counted."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from http_messages import BadAnswer

PATIENCE_SECONDS = 30.0


class LogoutSink:
    """A server on loopback, as a context manager."""

    def __enter__(self) -> Self:
        """Listen."""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                # Counted before it is answered: the provider notes it only afterwards.
                sink.arrived += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.arrived = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def uri(self) -> str:
        """Where to send logout tokens."""
        return f"http://127.0.0.1:{self._server.server_port}/backchannel-logout"

    def wait_for(self, number: int) -> None:
        """Return once so many have come. Raises BadAnswer."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self.arrived < number:
            if time.monotonic() > until:
                raise BadAnswer(f"{self.arrived} of {number} logout tokens came.")
            time.sleep(0.005)
