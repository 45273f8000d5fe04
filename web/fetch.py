"""The one way to ask at a URI that a client handed in: jwks_uri, request_uri, sector_identifier_uri, log-out.

A host is resolved once, every address of it is judged by the Guard, and the connection goes to an address that was
judged, so that a name which changes its mind (DNS rebinding) gains nothing. No redirect, no cookie, no proxy, nothing
compressed; all of it is bounded in time, in size and in number. What the operator registered has room of its own:
strangers can neither fill it nor hold it up.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from weakref import WeakValueDictionary

import httpx

from web import trace
from web.connect import ConnectMap
from web.guard import EVERYWHERE, HOST, Guard, plain
from web.lookup import SystemResolver

__all__ = ["FetchRefused", "Fetcher", "Guard", "GuardedTransport"]

MOST_AT_ONCE = 32
MOST_OF_ONE_HOST = 4
"""How many are fetched at once, from hosts that strangers registered and again from the operator's."""
MOST_ADDRESSES = 4
"""How many addresses of one host are tried, one after the other."""

_URI = re.compile(rf"https?://(?:{HOST})(?::(?P<port>[0-9]{{1,5}}))?(?:[/?][!-\"$-~]*)?", re.ASCII | re.IGNORECASE)

Resolver = Callable[[str], Awaitable[Sequence[str]]]


class FetchRefused(Exception):
    """What a URI names is not had; `code` says why by a stable word, `text` in one ASCII sentence."""

    def __init__(self, code: str, uri: str, reason: str) -> None:
        # RFC 6749 5.2: no quotes and backslashes, so that the sentence can stand in an error_description.
        shown = re.sub(r"[^!#-\[\]-~]", "?", uri[:200])
        self.code = code
        self.text = f"{shown} {reason}."
        super().__init__(self.text)


def checked(uri: str, *, https_only: bool = False) -> httpx.URL:
    """Return `uri` taken apart, its host in its one spelling. Raises FetchRefused for what is not to be fetched."""
    found = _URI.fullmatch(uri)
    if found is None or (found["port"] is not None and not 1 <= int(found["port"]) <= 65535):
        raise FetchRefused("fetch.uri", uri, "is not an http or https URI of a host, without user and fragment")
    try:
        url = httpx.URL(uri)
        url = url.copy_with(host=plain(url.host))
    except httpx.InvalidURL as error:
        raise FetchRefused("fetch.uri", uri, "cannot be read as a URI") from error
    if https_only and url.scheme != "https":
        raise FetchRefused("fetch.uri", uri, "does not begin with https")
    return url


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport that dials only addresses which its guard allows. Raises FetchRefused, and httpx's errors."""

    def __init__(self, connect: ConnectMap, guard: Guard, trust: ssl.SSLContext | bool, resolve: Resolver) -> None:
        self._connect = connect
        self._guard = guard
        self._resolve = resolve
        # No connection is used twice: the pool knows it by its address, and its certificate was one host's.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, whose Host header already holds the name, to the first judged address that answers."""
        failure: httpx.HTTPError = httpx.ConnectError("The host has no address.", request=request)
        addresses = await self._addresses(request.url)
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_dialled(request, address, len(addresses)))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        port = url.port or (443 if url.scheme == "https" else 80)
        target = self._connect.address(url.host)
        try:
            addresses = [ip_address(target)]
        except ValueError:
            addresses = [ip_address(one) for one in await self._resolve(target)]
        # One that may not be asked spoils them all: who mixes them is after it.
        if not all(self._guard.allows(url.host, port, one) for one in addresses):
            raise FetchRefused("fetch.address", str(url), "leads to an address that may not be asked")
        return [str(one) for one in addresses[:MOST_ADDRESSES]]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _dialled(request: httpx.Request, address: str, shares: int) -> httpx.Request:
    limits = request.extensions.get("timeout", {})
    if limits.get("connect"):
        # One address that is silent leaves time for the next.
        limits = {**limits, "connect": limits["connect"] / shares}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        # Server name and certificate are those of the name that was registered.
        extensions={**request.extensions, "timeout": limits, "sni_hostname": request.url.host},
    )


@dataclass(frozen=True)
class _Lane:
    """Room for one kind of host: those of the operator, or those of strangers."""

    transport: GuardedTransport
    resolver: SystemResolver
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    hosts: WeakValueDictionary[str, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def place(self, host: str) -> AsyncIterator[None]:
        """Wait for a place at `host` first, so that those who wait for a slow one keep none from the others."""
        # Kept by whoever is inside or waits, and forgotten with the last of them.
        own = self.hosts.setdefault(host, asyncio.Semaphore(MOST_OF_ONE_HOST))
        async with own, self.room:
            yield


class Fetcher:
    """Asks at URIs that clients handed in; `trusted` is one that the operator registered, which may lead anywhere.

    `resolve` stands for the system's resolver in tests.
    """

    def __init__(
        self,
        connect: ConnectMap,
        guard: Guard,
        trust: ssl.SSLContext | bool,
        https_only: bool = False,
        resolve: Resolver | None = None,
    ) -> None:
        self._https_only = https_only

        def lane(its_guard: Guard) -> _Lane:
            resolver = SystemResolver()
            return _Lane(GuardedTransport(connect, its_guard, trust, resolve or resolver), resolver)

        self._lanes = {True: lane(EVERYWHERE), False: lane(guard)}

    async def get(
        self, uri: str, *, limit: int, seconds: float, media_types: Collection[str] | None, trusted: bool = False
    ) -> bytes:
        """Return the body at `uri`: `limit` bytes at most, had in `seconds` with all waiting, of one of `media_types`.

        Raises FetchRefused.
        """
        url = checked(uri, https_only=self._https_only and not trusted)
        headers = {"accept": ", ".join(media_types or ("*/*",)), "accept-encoding": "identity"}
        lane = self._lanes[trusted]
        async with _within(uri, seconds), lane.place(url.host):
            request = httpx.Request("GET", url, headers=headers, extensions={"timeout": {"connect": seconds}})
            response = await lane.transport.handle_async_request(request)
            try:
                return await _body(uri, response, limit, media_types)
            finally:
                await response.aclose()

    async def post(self, uri: str, form: Mapping[str, str], *, seconds: float, trusted: bool = False) -> int:
        """Post `form` in the current trace and return the status, reading nothing else.

        Who calls bounds how many are posted at once.

        Raises FetchRefused.
        """
        url = checked(uri, https_only=self._https_only and not trusted)
        async with _within(uri, seconds):
            timeout = {"timeout": {"connect": seconds}}
            request = httpx.Request("POST", url, data=form, headers=trace.onward(), extensions=timeout)
            response = await self._lanes[trusted].transport.handle_async_request(request)
            await response.aclose()
            return response.status_code

    async def close(self) -> None:
        """Close the connections."""
        for lane in self._lanes.values():
            await lane.transport.aclose()
            lane.resolver.close()


@asynccontextmanager
async def _within(uri: str, seconds: float) -> AsyncIterator[None]:
    try:
        # httpx limits each read alone; one that drips would never end.
        async with asyncio.timeout(seconds):
            yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise FetchRefused("fetch.too_slow", uri, f"did not answer in {seconds:g} seconds") from error
    except httpx.HTTPError as error:
        raise FetchRefused("fetch.unreachable", uri, f"cannot be reached ({type(error).__name__})") from error


async def _body(uri: str, response: httpx.Response, limit: int, media_types: Collection[str] | None) -> bytes:
    if 300 <= response.status_code < 400:
        raise FetchRefused("fetch.redirect", uri, f"answered {response.status_code}, and no redirect is followed")
    if response.status_code != 200:
        raise FetchRefused("fetch.status", uri, f"answered {response.status_code}")
    # Unpacked it could be of any size.
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise FetchRefused("fetch.type", uri, "answered in a content-encoding that was not asked for")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_types is not None and media_type not in media_types:
        raise FetchRefused("fetch.type", uri, f"did not answer {' or '.join(media_types)}")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise FetchRefused("fetch.too_large", uri, f"answered more than {limit} bytes")
    return bytes(body)
