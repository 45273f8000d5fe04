"""What a portal knows about the provider: its metadata and its keys, fetched, kept for a while, fetched anew."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from portals import journal
from portals.errors import ProviderUnreachable
from portals.outbound import SECONDS
from portals.verification_keys import VerificationKeys
from web.clock import Clock

FRESH_SECONDS = 3600
"""How long metadata is used before it is asked for again."""
KEYS_FRESH_SECONDS = 300
"""The same for keys, where their answer does not say less (max-age, RFC 9111 5.2.2.1); the provider's says 60 s.

So long at most a key that the provider has revoked is still believed here, while the provider can be reached.
"""
KEYS_STALE_SECONDS = 600
"""How much longer keys are used while the provider cannot be reached: one that was revoked since is believed so long.

A provider that is down issues nothing, and what it issued before has expired by then: access tokens live five minutes.
"""
KEYS_LEAST_SECONDS = 10
"""The same, however little the answer says: each is a request of ours."""
STALE_SECONDS = 3600
"""How much longer metadata is used while the provider cannot be reached."""
COOLDOWN_SECONDS = 30
"""The least time between two fetches of keys for an unknown `kid`: a forger cannot make us hammer the provider."""
RETRY_SECONDS = 2
"""How long one failed fetch answers for those that follow it."""
ENDPOINTS = (
    "authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint", "userinfo_endpoint",
    "end_session_endpoint", "jwks_uri",
)  # fmt: skip


class Provider:
    """The provider's metadata (OpenID Connect Discovery 4) and verification keys, fetched when first used."""

    def __init__(self, issuer: str, client: httpx2.AsyncClient, clock: Clock) -> None:
        self.issuer = issuer
        self._client = client
        self._clock = clock
        self._metadata: Mapping[str, str] = {}
        self._metadata_at = float("-inf")
        self._keys: VerificationKeys | None = None
        self._keys_at = float("-inf")
        self._keys_fresh = KEYS_FRESH_SECONDS
        self._failed_at = float("-inf")
        self._answered_at = float("-inf")
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def metadata(self) -> Mapping[str, str]:
        """Return the endpoints by name, at most an hour old. Raises ProviderUnreachable."""
        if self._age(self._metadata_at) > FRESH_SECONDS and not (self._metadata and self._others_ask()):
            async with self._lock:
                if self._age(self._metadata_at) > FRESH_SECONDS:
                    await self._renew_metadata()
        return self._metadata

    async def keys(self) -> VerificationKeys:
        """Return the keys that tokens are verified with, as old as their answer allows. Raises ProviderUnreachable.

        While the provider cannot be reached they may be KEYS_STALE_SECONDS older.
        """
        if self._too_old() or (self._age(self._keys_at) > self._keys_fresh and not self._others_ask()):
            metadata = await self.metadata()
            async with self._lock:
                if self._age(self._keys_at) > self._keys_fresh:
                    await self._renew_keys(metadata)
        assert self._keys is not None
        return self._keys

    async def keys_with(self, kid: str) -> VerificationKeys:
        """Return the keys, fetched anew when `kid` is not among them and the cooldown has passed."""
        keys = await self.keys()
        if kid in keys.kids or self._age(self._asked_at) < COOLDOWN_SECONDS:
            return keys
        metadata = await self.metadata()
        async with self._lock:
            if self._age(self._asked_at) >= COOLDOWN_SECONDS:
                self._asked_at = self._clock()
                await self._renew_keys(metadata)
        assert self._keys is not None
        return self._keys

    async def reach(self) -> None:
        """Ask the provider for its keys, so that nobody is sent to where nobody answers. Raises ProviderUnreachable."""
        metadata = await self.metadata()
        async with self._lock:
            found, kept_for = await self._get(metadata["jwks_uri"])
            self._keep(found, kept_for)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _age(self, moment: float) -> float:
        # A clock that was set back must not keep old keys alive, nor a cooldown.
        return abs(self._clock() - moment)

    def _too_old(self) -> bool:
        """Tell whether there are no keys that may be used, whoever else asks for newer ones."""
        return self._keys is None or self._age(self._keys_at) > self._keys_fresh + KEYS_STALE_SECONDS

    def _others_ask(self) -> bool:
        """Tell whether another request asks a provider that did not answer the last one: nobody else need wait."""
        return self._failed_at > self._answered_at and self._lock.locked()

    async def _renew_metadata(self) -> None:
        try:
            found, _ = await self._get(f"{self.issuer}/.well-known/openid-configuration")
            self._metadata = _checked(self.issuer, found)
            self._metadata_at = self._clock()
        except ProviderUnreachable as error:
            self._bear(error, self._metadata_at, FRESH_SECONDS + STALE_SECONDS)

    async def _renew_keys(self, metadata: Mapping[str, str]) -> None:
        try:
            found, kept_for = await self._get(metadata["jwks_uri"])
            self._keep(found, kept_for)
        except ProviderUnreachable as error:
            self._bear(error, self._keys_at, self._keys_fresh + KEYS_STALE_SECONDS)

    def _keep(self, jwks: Any, cache_control: str) -> None:
        self._keys = VerificationKeys.from_jwks(jwks)
        self._keys_at = self._clock()
        self._keys_fresh = _fresh_seconds(cache_control)

    def _bear(self, error: ProviderUnreachable, fetched_at: float, longest: float) -> None:
        if self._age(fetched_at) > longest:
            raise error
        journal.record("provider_stale", level=logging.WARNING, reason=error.reason)

    async def _get(self, url: str) -> tuple[Any, str]:
        """Return the JSON found there, and how long it may be kept as its answer says. Raises ProviderUnreachable."""
        if self._age(self._failed_at) < RETRY_SECONDS:
            raise ProviderUnreachable("A moment ago the provider could not be reached.")
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._client.get(url, headers={"accept": "application/json"})
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            found = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            self._failed_at = self._clock()
            raise ProviderUnreachable(f"{url}: {type(error).__name__}: {error}") from error
        self._answered_at = self._clock()
        return found, answer.headers.get("cache-control", "")


def _fresh_seconds(cache_control: str) -> int:
    """Return for how long keys are used, by the answer that brought them and our own bounds."""
    said = re.search(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:[\s,]|$)", cache_control, re.IGNORECASE)
    return min(KEYS_FRESH_SECONDS, max(KEYS_LEAST_SECONDS, int(said[1]))) if said else KEYS_FRESH_SECONDS


def _checked(issuer: str, found: Any) -> dict[str, str]:
    """Return the endpoints in a metadata document whose issuer is ours (OpenID Connect Discovery 4.3)."""
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise ProviderUnreachable(f"The metadata at {issuer} names another issuer.")
    endpoints: dict[str, str] = {}
    for name in ENDPOINTS:
        url = found.get(name)
        # An endpoint under another scheme would move codes and tokens off TLS.
        if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(issuer).scheme or not urlsplit(url).hostname:
            raise ProviderUnreachable(f"The metadata at {issuer} has no usable {name}.")
        endpoints[name] = url
    return endpoints
