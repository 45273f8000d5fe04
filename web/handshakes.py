"""TLS handshakes that are under way: so many at once, each for so long.

Python's own server tells of a connection only when its handshake is over, and waits a minute for that, with 256 kB for
each: whoever connects and says nothing would be counted by nobody.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from asyncio.sslproto import SSLProtocol

NOTHING_LINGERS = struct.pack("ii", 1, 0)


class Handshakes:
    """Those of one service; beyond `most` the one that has been at it longest goes, each after `seconds`."""

    def __init__(self, context: ssl.SSLContext, most: int, seconds: float) -> None:
        self._context = context
        self._most = most
        self._seconds = seconds
        self._under_way: dict[_Handshake, None] = {}

    def __len__(self) -> int:
        """Return how many are under way."""
        return len(self._under_way)

    def before(self, application: asyncio.Protocol) -> asyncio.BaseProtocol:
        """Return a protocol that speaks TLS and hands what is said to `application`, once the handshake is over."""
        return _Handshake(self, application, self._context, self._seconds)

    def begun(self, one: _Handshake) -> None:
        """Count one."""
        self._under_way[one] = None
        if len(self._under_way) > self._most:
            next(iter(self._under_way)).drop()

    def ended(self, one: _Handshake) -> None:
        """Count one no more, however it ended."""
        self._under_way.pop(one, None)

    def drop_all(self) -> None:
        """Close every connection whose handshake is not over."""
        for one in list(self._under_way):
            one.drop()


class _Handshake(SSLProtocol):
    def __init__(
        self, all_of_them: Handshakes, application: asyncio.Protocol, context: ssl.SSLContext, seconds: float
    ) -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        over.add_done_callback(self._over)
        # A float will do, whatever typeshed says.
        timeout: int = seconds  # type: ignore[assignment]
        super().__init__(loop, application, context, over, server_side=True, ssl_handshake_timeout=timeout)
        self._all_of_them = all_of_them
        self._below: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._below = transport
        self._all_of_them.begun(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End, whether the handshake was over or not."""
        self._all_of_them.ended(self)
        super().connection_lost(exc)

    def _over(self, over: asyncio.Future[None]) -> None:
        # Looked at, so that nobody is told that it was not.
        if not over.cancelled():
            over.exception()
        self._all_of_them.ended(self)

    def drop(self) -> None:
        """Close at once."""
        self._all_of_them.ended(self)
        if isinstance(self._below, asyncio.Transport):
            abort(self._below)


def abort(transport: asyncio.Transport) -> None:
    """Close a connection at once and keep nothing: the system would hold what is unsent for minutes."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOTHING_LINGERS)
    transport.abort()
