"""The queue of logout tokens at work: sent at once, retried with back-off, never in the way of a person."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from idp.audit import Auditor, Event
from idp.model import Delivery
from idp.stores.protocols import Deliveries
from web import trace
from web.clock import Clock
from web.fetch import Fetcher, FetchRefused
from web.unavailable import StoreUnavailable

log = logging.getLogger("idp.delivery")

POLL_SECONDS = 0.5
"""How often the queue is looked at although nobody woke it: another process may have put something in."""
LEASE_SECONDS = 30.0
SEND_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 30.0
SETTLE_SECONDS = 0.3
MOST_AT_ONCE = 8
"""How many are sent to one client at a time."""


def backoff(attempts: int, jitter: float) -> float:
    """Return the seconds until the next attempt: 1, 2, 4 ... LONGEST_BACKOFF_SECONDS, plus up to a tenth."""
    return min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(attempts - 1, 10)) * (1 + jitter / 10)


@dataclass(frozen=True)
class Outgoing:
    """A logout token about to be sent, and where to; `trusted` if the address is the operator's word."""

    uri: str
    logout_token: str
    trusted: bool


class DeliveryQueue:
    """Sends what is due until it is stopped; `prepare` makes the logout token at the moment of sending."""

    def __init__(
        self,
        store: Deliveries,
        prepare: Callable[[Delivery], Awaitable[Outgoing]],
        fetcher: Fetcher,
        auditor: Auditor,
        clock: Clock,
        give_up_after: float,
    ) -> None:
        self._store = store
        self._prepare = prepare
        self._fetcher = fetcher
        self._auditor = auditor
        self._clock = clock
        self._give_up_after = give_up_after
        self._due = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._in_flight: Counter[str] = Counter()
        self._pauses: dict[str, float] = {}
        self._tried = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue now."""
        self._due.set()

    async def settle(self, session_id: str) -> None:
        """Wait until each delivery of a session that ended was tried once, SETTLE_SECONDS at most.

        Whoever logs out then usually finds the other portals logged out already; one that is silent delays nobody.
        """
        with suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(SETTLE_SECONDS):
                tried = self._tried
                while any(self._untried(row) for row in await self._store.of_session(session_id)):
                    await tried.wait()
                    tried = self._tried

    def _untried(self, row: Delivery) -> bool:
        return row.outcome is None and row.client_id not in self._pauses

    async def run(self) -> None:
        """Work until cancelled; a client that is slow or down holds up no other."""
        while True:
            try:
                for delivery in await self._claim():
                    self._begin(delivery)
            except StoreUnavailable as away:
                log.warning("The delivery queue waits for the database: %s", away)
            except Exception:
                log.exception("The delivery queue could not be read; it is tried again.")
            # Not wait_for: in Python 3.11 it loses a cancellation that comes together with what it waits for.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
            self._due.clear()

    async def _claim(self) -> list[Delivery]:
        """Take what is due: a few of each client, and of a client that failed one alone, once its pause is over."""
        now = self._clock()
        busy = {client_id for client_id, number in self._in_flight.items() if number >= MOST_AT_ONCE}
        claimed = [*await self._store.claim(now, LEASE_SECONDS, MOST_AT_ONCE, but=busy | self._pauses.keys())]
        for client_id, until in self._pauses.items():
            if until <= now and not self._in_flight[client_id]:
                claimed += await self._store.claim(now, LEASE_SECONDS, 1, only=client_id)
        return claimed

    def _begin(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._send(delivery))
        self._running.add(task)
        self._in_flight[delivery.client_id] += 1

        def ended(_: asyncio.Task[None]) -> None:
            self._running.discard(task)
            self._in_flight[delivery.client_id] -= 1
            if delivery.client_id not in self._pauses:
                self.wake()

        task.add_done_callback(ended)

    async def _send(self, delivery: Delivery) -> None:
        # What caused it was answered long ago; the attempt is to be found in the client's log.
        trace.begin()
        try:
            outgoing = await self._prepare(delivery)
            form = {"logout_token": outgoing.logout_token}
            # A client that drips must not outlast the lease, or it would be sent twice.
            status = await self._fetcher.post(outgoing.uri, form, seconds=SEND_SECONDS, trusted=outgoing.trusted)
            # Back-Channel Logout 2.8: 200; some frameworks answer 204.
            outcome, done = f"http_{status}", status in (200, 204)
        except FetchRefused as error:
            outcome, done = error.code, False
        except Exception:
            log.exception("Delivery %d could not be sent.", delivery.delivery_id)
            outcome, done = "internal_error", False
        try:
            await self._note(delivery, outcome, done)
        except StoreUnavailable as away:
            # When the lease is over it is sent once more: clients know a logout token again by its `jti` and `sid`.
            log.warning("What came of delivery %d (%s) could not be kept: %s", delivery.delivery_id, outcome, away)

    async def _note(self, delivery: Delivery, outcome: str, done: bool) -> None:
        now = self._clock()
        tried, self._tried = self._tried, asyncio.Event()
        if done:
            self._pauses.pop(delivery.client_id, None)
            await self._store.done(delivery.delivery_id, now, outcome)
            event = Event.LOGOUT_DELIVERED
        elif now - delivery.created_at > self._give_up_after:
            await self._store.give_up(delivery.delivery_id, now, outcome)
            event = Event.LOGOUT_GIVEN_UP
        else:
            wait = backoff(delivery.attempts, random.random())  # noqa: S311 - spreads retries, no secret
            self._pauses[delivery.client_id] = now + wait
            await self._store.retry(delivery.delivery_id, now + wait, outcome)
            event = Event.LOGOUT_FAILED
        tried.set()
        await self._auditor.record(
            event, client_id=delivery.client_id, outcome=outcome, attempt=str(delivery.attempts), reason=delivery.reason
        )

    async def close(self) -> None:
        """Let what is being sent finish."""
        if self._running:
            await asyncio.wait(self._running, timeout=SEND_SECONDS)
