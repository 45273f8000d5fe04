"""uvicorn's HTTP/1.1 with bounds on what it leaves open: the number of connections, and the time that each may take.

uvicorn itself closes connections that are idle between requests, by a timer for each, and no others: one that sends a
head byte by byte, or takes its answer byte by byte, it keeps for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from web.handshakes import abort
from web.http_protocol import HttpProtocol
from web.limits import Limits


class BoundedProtocol(HttpProtocol):
    """One connection that knows since when it has waited for whoever is at the other end."""

    limits: Limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection; where there are too many, the one that has waited longest for a request goes."""
        self._waits_since: float | None = self.loop.time()
        self._unsent = 0
        self._unsent_since = 0.0
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            waiting = [one for one in _bounded(self.connections) if one.idle]
            # The new one waits as well, so that there is always one.
            min(waiting, key=_since).drop()

    def data_received(self, data: bytes) -> None:
        """Note when a request began to arrive."""
        if self._waits_since is None and self.idle:
            self._waits_since = self.loop.time()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._waits_since = None
        super().on_response_complete()

    def look(self, now: float) -> None:
        """Close the connection if its next request, the rest of its head, or the taking of its answer is overdue."""
        if self.idle:
            if self._waits_since is None:
                if now - self.answered_at > self.limits.idle_seconds and not self.transport.is_closing():
                    self.transport.close()
                    return
            elif now - self._waits_since > self.limits.seconds:
                self.drop()
                return
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self._unsent or not self._unsent:
            self._unsent_since = now
        elif now - self._unsent_since > self.limits.seconds:
            self.drop()
        self._unsent = unsent

    def drop(self) -> None:
        """Close at once and keep nothing."""
        abort(self.transport)


def _since(connection: BoundedProtocol) -> float:
    return connection._waits_since or 0.0


def bounded(limits: Limits) -> type[BoundedProtocol]:
    """Return the protocol with these bounds."""
    return type("BoundedProtocol", (BoundedProtocol,), {"limits": limits})


def look_at(connections: Iterable[Any], now: float) -> None:
    """Drop the connections of a server that keep it waiting; to be called about every second."""
    for connection in list(_bounded(connections)):
        connection.look(now)


def _bounded(connections: Iterable[Any]) -> Iterable[BoundedProtocol]:
    return (one for one in connections if isinstance(one, BoundedProtocol))
