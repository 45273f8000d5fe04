"""One portal alone, `python -m portals NAME` of any checkout, and beside it what stands in for its provider."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from server_process import ServerProcess, free_port, issuer_at

PORTAL, OFFSET = "beijing", 1
"""A portal of the repository, and its offset to the base of ports (portals/beijing/portal.toml)."""
ENDPOINTS = (
    "authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint", "userinfo_endpoint",
    "end_session_endpoint",
)  # fmt: skip


class ProviderStandIn:
    """Metadata and keys at an issuer, all that a portal asks for before a verdict; a context manager."""

    def __init__(self) -> None:
        self._port = free_port()
        self.issuer = issuer_at(self._port)
        self.jwks: Mapping[str, Any] = {"keys": []}

    def __enter__(self) -> Self:
        """Listen."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = stand_in.jwks if self.path == "/jwks" else stand_in.metadata()
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("cache-control", "max-age=300")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        """Return what portals ask for (Discovery 3)."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            **{name: f"{self.issuer}/{name}" for name in ENDPOINTS},
        }


def environment(checkout: Path, place: Path, issuer: str, port: int) -> dict[str, str]:
    """Return what the portal of `checkout` at `port` is told, all it keeps being in `place`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")} | {
        "PYTHONPATH": str(checkout),
        "MANYOU_VAR": str(place / "var"),
        "MANYOU_ISSUER": issuer,
        "MANYOU_PORT_BASE": str(port - OFFSET),
        f"MANYOU_ADDRESS_{PORTAL.upper()}": issuer_at(port),
    }


class PortalProcess(ServerProcess):
    """The portal of `checkout` with all it keeps in `place`, and its provider at `issuer`."""

    def __init__(self, checkout: Path, place: Path, issuer: str) -> None:
        port = free_port()
        place.mkdir(parents=True)
        super().__init__(
            [sys.executable, "-m", "portals", PORTAL],
            folder=checkout,
            environment=environment(checkout, place, issuer, port),
            port=port,
            path="/healthz",
            log=place / "portal.log",
        )
