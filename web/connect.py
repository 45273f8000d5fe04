"""How a host name becomes a connection, where the system's resolver does not know it.

Browsers send every `*.localhost` to the loopback address; Python's resolver usually knows none of them. The map here
changes only the address that is dialled: URL, Host header and TLS server name keep the name.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import httpx
import httpx2

DEFAULT_MAP = "*.localhost=127.0.0.1"


@dataclass(frozen=True)
class ConnectMap:
    """Which host name is dialled at which address: exact names first, then `*.suffix`, else the name itself."""

    exact: dict[str, str]
    suffix: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> ConnectMap:
        """Read `name=address,*.suffix=address`. Raises ValueError with a sentence that quotes the wrong part."""
        exact: dict[str, str] = {}
        suffix: dict[str, str] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, _, address = part.partition("=")
            if not name or not address:
                raise ValueError(f"{part!r} should be like idp.localhost=10.0.0.5 or *.localhost=127.0.0.1.")
            if name.startswith("*."):
                suffix[name[1:].lower()] = address
            else:
                exact[name.lower()] = address
        return cls(exact, suffix)

    def address(self, host: str) -> str:
        """Return what to dial for `host`."""
        host = host.lower()
        if host in self.exact:
            return self.exact[host]
        for suffix, address in self.suffix.items():
            if host.endswith(suffix):
                return address
        return host


class MappedTransport(httpx.AsyncHTTPTransport):
    """An httpx transport that dials what a ConnectMap says."""

    def __init__(self, connect: ConnectMap, *, verify: bool | ssl.SSLContext = True) -> None:
        super().__init__(verify=verify)
        self._connect = connect

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, whose Host header already holds the name, to the mapped address."""
        host = request.url.host
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host=self._connect.address(host)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await super().handle_async_request(dialled)


class MappedTransport2(httpx2.AsyncHTTPTransport):
    """The same for httpx2, which Authlib's client uses."""

    def __init__(self, connect: ConnectMap, *, verify: bool | ssl.SSLContext = True) -> None:
        super().__init__(verify=verify)
        self._connect = connect

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request`, whose Host header already holds the name, to the mapped address."""
        host = request.url.host
        dialled = httpx2.Request(
            request.method,
            request.url.copy_with(host=self._connect.address(host)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await super().handle_async_request(dialled)


class MappedSyncTransport(httpx.HTTPTransport):
    """The same for blocking clients: the tour, the inspector and the tests."""

    def __init__(self, connect: ConnectMap, *, verify: bool | ssl.SSLContext = True) -> None:
        super().__init__(verify=verify)
        self._connect = connect

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, whose Host header already holds the name, to the mapped address."""
        host = request.url.host
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host=self._connect.address(host)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return super().handle_request(dialled)
