"""Security events: each has a name here, is kept in the store and is written to the log; never with a secret."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum

from idp.errors import Refusal
from idp.metrics import Metrics
from idp.model import AuditEvent
from idp.stores.audit_protocols import Chain
from idp.stores.protocols import Stores
from web import trace
from web.clock import Clock

log = logging.getLogger("idp.audit")

DOUBT_SECONDS = 5.0
"""How long after an unanswered append its entry may still turn up."""
SETTLE_SECONDS = 0.02


class Event(StrEnum):
    """The names of security events. `manyou audit --event NAME` lists those of one name."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_DELAYED = "login.delayed"
    LOGIN_FROZEN = "login.frozen"
    SESSION_ENDED = "session.ended"
    SESSION_EXPIRED = "session.expired"
    AUTHORIZATION_GRANTED = "authorization.granted"
    AUTHORIZATION_REFUSED = "authorization.refused"
    CONSENT_GIVEN = "consent.given"
    CONSENT_DENIED = "consent.denied"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    CODE_REUSED = "code.reused"
    CLIENT_REFUSED = "client.refused"
    CLIENT_REGISTERED = "client.registered"
    CLIENT_CHANGED = "client.changed"
    CLIENT_REMOVED = "client.removed"
    REGISTRATION_REFUSED = "registration.refused"
    TOKEN_REFUSED = "token.refused"
    REFRESH_REUSED = "refresh.reused"
    TOKEN_REVOKED = "token.revoked"
    SIGN_IN_ENDED = "sign_in.ended"
    LOGOUT_DELIVERED = "logout.delivered"
    LOGOUT_FAILED = "logout.failed"
    LOGOUT_GIVEN_UP = "logout.given_up"
    ACCOUNT_FROZEN = "account.frozen"
    ACCOUNT_UNFROZEN = "account.unfrozen"
    LEVEL_CHANGED = "level.changed"
    KEY_MADE = "key.made"
    KEY_ROTATED = "key.rotated"
    KEY_REMOVED = "key.removed"
    KEY_REVOKED = "key.revoked"
    PAGE_REFUSED = "page.refused"
    SERVER_ERROR = "server.error"


class Auditor:
    """Keeps security events, and has them counted where there is somebody who counts."""

    def __init__(self, stores: Stores, clock: Clock, metrics: Metrics | None = None) -> None:
        self._store = stores.audit
        self._chains = stores.audit_chains
        self._clock = clock
        self._metrics = metrics
        self.chain = secrets.token_hex(8)
        """The name of this process's chain (audit_chain.py), kept from the first event on."""
        self.after = 0
        """All entries of the chain have higher ids."""
        self._begun: asyncio.Future[None] | None = None
        self._doubtful_since = float("-inf")
        # Appends that are under way: those of now, and those that `settled` waits for.
        self._turn = 0
        self._under_way = [0, 0]

    @property
    def begun(self) -> bool:
        """Whether the chain is kept."""
        return self._begun is not None and self._begun.done() and self._begun.exception() is None

    def in_doubt(self) -> bool:
        """Tell whether an entry may still come whose keeping was not answered for."""
        return time.monotonic() - self._doubtful_since < DOUBT_SECONDS

    async def settled(self) -> None:
        """Wait until what is being appended is there, or is not; one caller at a time."""
        waiting = self._turn
        self._turn = 1 - waiting
        while self._under_way[waiting]:  # noqa: ASYNC110 - an event would cost every append, and here nobody waits
            await asyncio.sleep(SETTLE_SECONDS)

    async def record(
        self,
        event: Event,
        *,
        client_id: str | None = None,
        user_id: str | None = None,
        address: str | None = None,
        incident: str | None = None,
        **detail: str,
    ) -> None:
        """Keep an event now, alone; see `made`."""
        made = self.made(event, client_id=client_id, user_id=user_id, address=address, incident=incident, **detail)
        await self.kept(made, self._alone)

    def made(
        self,
        event: Event,
        *,
        client_id: str | None = None,
        user_id: str | None = None,
        address: str | None = None,
        incident: str | None = None,
        **detail: str,
    ) -> AuditEvent:
        """Return an event of now for `kept`. `detail` values are short texts; never a secret, code or token."""
        return AuditEvent(self._clock(), event.value, client_id, user_id, address, incident, detail, self.chain)

    async def kept(self, event: AuditEvent, keep: Callable[[AuditEvent], Awaitable[bool]]) -> bool:
        """Have `keep` keep an event, in one transaction with what it tells of; then write and count it.

        False if `keep` says so: then nothing happened.
        """
        if not await self._append(event, keep):
            return False
        if self._metrics is not None:
            self._metrics.event(event.event)
        words = {
            "client_id": event.client_id,
            "user_id": event.user_id,
            "address": event.address,
            "incident": event.incident,
            **event.detail,
        }
        _write(event.event, words)
        return True

    async def _alone(self, event: AuditEvent) -> bool:
        await self._store.record(event)
        return True

    async def _append(self, event: AuditEvent, keep: Callable[[AuditEvent], Awaitable[bool]]) -> bool:
        if not self.begun:
            await self._begin()
        turn = self._turn
        self._under_way[turn] += 1
        try:
            return await keep(event)
        except BaseException:
            self._doubtful_since = time.monotonic()
            raise
        finally:
            self._under_way[turn] -= 1

    async def _begin(self) -> None:
        """Keep the chain; whoever comes meanwhile waits for it."""
        if self._begun is None or self._begun.done():
            self._begun = asyncio.ensure_future(self._keep_chain())
        await asyncio.shield(self._begun)

    async def _keep_chain(self) -> None:
        now, self.after = self._clock(), await self._store.newest()
        await self._chains.begin(Chain(self.chain, now, self.after, now))

    async def refused(
        self, event: Event, refusal: Refusal, *, client_id: str | None = None, address: str | None = None
    ) -> None:
        """Keep a refusal with its full reason under its incident number."""
        await self.record(
            event,
            client_id=client_id,
            address=address,
            incident=refusal.incident,
            code=refusal.code,
            reason=refusal.reason[:500],
        )
        if self._metrics is not None:
            self._metrics.refusal(event.value, refusal.code)

    def issued(self, client_id: str, grant: str, kinds: Sequence[str]) -> None:
        """Count what a client was given, and write it down where the client's own log has the same trace.

        What it rests on is an event already; one line more for each token request would be a twentieth of a roam.
        """
        if self._metrics is not None:
            self._metrics.issued(client_id, grant, kinds)
        if trace.came_along():
            _write("issued", {"client_id": client_id, "grant": grant, "kinds": " ".join(kinds)})


def _write(name: str, words: Mapping[str, str | None]) -> None:
    log.info("%s %s", name, " ".join(f"{key}={value!r}" for key, value in words.items() if value))
