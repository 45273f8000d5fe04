"""The registered clients, and the public keys that each of them publishes."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.model import Client, RegisteredClient
from idp.stores.protocols import RegisteredClients
from web.clock import Clock
from web.fetch import Fetcher, FetchRefused

BUILT_CLIENTS = 1000
"""How many registered clients are held ready."""
JWKS_SECONDS = 300.0
JWKS_COOLDOWN_SECONDS = 10.0
JWKS_RETRY_SECONDS = 2.0
JWKS_LIMIT = 64 * 1024
JWKS_MEDIA_TYPES = ("application/json", "application/jwk-set+json")
JWKS_CLIENTS = 200
"""Of how many clients something is remembered; the rest are asked again."""
FETCH_SECONDS = 3.0
"""From the first byte asked for to the last one answered."""


class KeysUnavailable(Exception):
    """A client's JWK Set cannot be had; the text says why."""


class Clients:
    """The clients by `client_id`: the operator's, in the order in which pages show them, and those that registered.

    `build` makes a Client of what a registered one keeps; it is called again only when that has changed.
    """

    def __init__(
        self,
        clients: Iterable[Client],
        registered: RegisteredClients | None = None,
        build: Callable[[RegisteredClient], Client] | None = None,
    ) -> None:
        self._clients = {
            client.client_id: client for client in sorted(clients, key=lambda c: (c.display.order, c.client_id))
        }
        self._registered = registered
        self._build = build
        self._built: OrderedDict[str, tuple[float, Client]] = OrderedDict()

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients.values())

    async def find(self, client_id: str | None) -> Client | None:
        """Return the client of that identifier."""
        if not client_id:
            return None
        client = self._clients.get(client_id)
        if client is not None or self._registered is None or self._build is None or len(client_id) > 64:
            return client
        row = await self._registered.get(client_id)
        if row is None:
            return None
        changed_at, built = self._built.get(client_id, (None, None))
        if built is None or changed_at != row.changed_at:
            built = self._build(row)
            self._built[client_id] = (row.changed_at, built)
            if len(self._built) > BUILT_CLIENTS:
                self._built.popitem(last=False)
        return built

    async def found(self, client_ids: Iterable[str]) -> Mapping[str, Client]:
        """Return those of these clients that there are, by identifier."""
        found = {client_id: await self.find(client_id) for client_id in set(client_ids)}
        return {client_id: client for client_id, client in found.items() if client is not None}

    async def logout_uris(self, client_ids: Iterable[str]) -> Mapping[str, str]:
        """Return where those of these clients that want logout tokens want them (Back-Channel Logout 2.2)."""
        found = await self.found(client_ids)
        return {
            client.client_id: client.backchannel_logout_uri
            for client in found.values()
            if client.backchannel_logout_uri
        }


@dataclass
class _Published:
    """What is remembered of one client's jwks_uri: the last set and the last failure, each with its time."""

    kept: tuple[float, Mapping[str, Any]] | None = None
    failed: tuple[float, str] | None = None
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientKeys:
    """The JWK Sets of clients, fetched from their jwks_uri, kept for a while, fetched again for an unknown kid.

    An unknown kid makes a client's set be fetched
    at most once in JWKS_COOLDOWN_SECONDS, and one that failed is left alone for JWKS_RETRY_SECONDS, so that anybody's
    made-up assertions are no way to keep the provider or the client busy.
    """

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._published: OrderedDict[tuple[str, str], _Published] = OrderedDict()

    async def of(self, client: Client, kid: str | None) -> Mapping[str, Any]:
        """Return the client's JWK Set. Raises KeysUnavailable."""
        if client.jwks is not None:
            return client.jwks
        if client.jwks_uri is None:
            raise KeysUnavailable(f"{client.client_id} has registered neither jwks nor jwks_uri.")
        published = self._published_by(client.client_id, client.jwks_uri)
        kept = self._kept_for(published, kid)
        if kept is not None:
            return kept
        # One fetch at a time: whoever had to wait finds what it brought.
        async with published.fetching:
            return self._kept_for(published, kid) or await self._renew(published, client, client.jwks_uri)

    def _published_by(self, client_id: str, uri: str) -> _Published:
        # With the URI: a client that registers another one is asked there at once.
        published = self._published.setdefault((client_id, uri), _Published())
        self._published.move_to_end((client_id, uri))
        if len(self._published) > JWKS_CLIENTS:
            self._published.popitem(last=False)
        return published

    def _kept_for(self, published: _Published, kid: str | None) -> Mapping[str, Any] | None:
        now = self._clock()
        fetched_at, document = published.kept or (None, {"keys": []})
        if fetched_at is not None and 0 <= now - fetched_at < JWKS_SECONDS:
            known = any(key.get("kid") == kid for key in document["keys"])
            if known or kid is None or now - fetched_at < JWKS_COOLDOWN_SECONDS:
                return document
        return None

    async def _renew(self, published: _Published, client: Client, uri: str) -> Mapping[str, Any]:
        if published.failed is not None:
            failed_at, failure = published.failed
            if 0 <= self._clock() - failed_at < JWKS_RETRY_SECONDS:
                raise KeysUnavailable(f"{failure} That was moments ago.")
        try:
            document = await self._fetch(uri, trusted=not client.registered)
        except KeysUnavailable as error:
            published.failed = (self._clock(), str(error))
            raise
        published.failed = None
        published.kept = (self._clock(), document)
        return document

    async def _fetch(self, uri: str, *, trusted: bool) -> Mapping[str, Any]:
        try:
            body = await self._fetcher.get(
                uri, limit=JWKS_LIMIT, seconds=FETCH_SECONDS, media_types=JWKS_MEDIA_TYPES, trusted=trusted
            )
        except FetchRefused as error:
            raise KeysUnavailable(error.text) from error
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise KeysUnavailable(f"{uri} did not answer JSON.") from error
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise KeysUnavailable(f"{uri} did not answer a JWK Set.")
        return {"keys": keys}
