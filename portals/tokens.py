"""Fresh tokens: a session's tokens are renewed before an expired one would be shown or used."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portals import journal
from portals.errors import Problem, ProviderUnreachable
from portals.judging import Judge
from portals.sign_in import RefreshRefused, SignIn, TokenAnswer
from portals.stores.sessions import RENEWAL_SECONDS, Session, Sessions, Tokens
from web.clock import Clock

EARLY_SECONDS = 30
"""How long before its end an access token counts as ended: it must outlive the request that it is for."""
PATIENCE_SECONDS = 8.0
"""How long a process waits for another one that renews the same tokens; one answer of the provider takes 5 at most."""
LOOK_SECONDS = 0.05
"""How often it looks whether they are there."""


class Refresher:
    """Renews the tokens of sessions, once at a time for each, so that many tabs ask the provider for one renewal.

    Whoever renews says so in the session itself, for all processes of this portal and for a bounded time: a process
    that dies over it holds nobody up for longer. A refresh token that is used twice could end its session
    (RFC 9700 4.14.2). Ours stays the same and is of use to this portal alone (FAPI 2.0 Security Profile 5.3.2.1), so
    that an answer that was lost on its way, or with the process, costs nothing but the next try.
    """

    def __init__(self, portal: str, sign_in: SignIn, judge: Judge, sessions: Sessions, clock: Clock) -> None:
        self._portal = portal
        self._sign_in = sign_in
        self._judge = judge
        self._sessions = sessions
        self._clock = clock
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    async def fresh(self, session: Session) -> Session | None:
        """Return `session` with tokens that live on for EARLY_SECONDS; None when it has to sign in again.

        Raises ProviderUnreachable; the session then stays as it is, for the next try.
        """
        if self._fresh(session):
            return session
        # Of this process's requests one asks and looks; the others find what it brought.
        async with self._alone(session.id):
            return await self._renewed(session.id)

    async def _renewed(self, id: str) -> Session | None:
        by, now = secrets.token_urlsafe(16), asyncio.get_running_loop().time
        until = now() + PATIENCE_SECONDS
        while True:
            current = await self._sessions.find(id, self._clock())
            if current is None or self._fresh(current):
                return current
            if current.refresh_token is None:
                await self._sessions.end(current.id)
                return None
            if await self._sessions.claim_renewal(current, by, self._clock()):
                return await self._renew(current, current.refresh_token, by)
            if now() > until:
                raise ProviderUnreachable("Another process has been renewing the tokens for too long.")
            await asyncio.sleep(LOOK_SECONDS)

    def _fresh(self, session: Session) -> bool:
        return session.access_ends_at - EARLY_SECONDS > self._clock()

    async def _renew(self, session: Session, refresh_token: str, by: str) -> Session | None:
        try:
            # Within the time in which nobody else may.
            async with asyncio.timeout(RENEWAL_SECONDS):
                answer = await self._sign_in.refresh(refresh_token)
                tokens = await self._accept(session, answer)
        except (ProviderUnreachable, TimeoutError) as error:
            await self._sessions.give_up_renewal(session.id, by)
            if isinstance(error, ProviderUnreachable):
                raise
            raise ProviderUnreachable("The renewal of tokens took too long.") from error
        except (RefreshRefused, Problem) as error:
            reason = str(error)
            journal.record("refresh_refused", level=logging.WARNING, portal=self._portal, reason=reason)
            await self._sessions.end(session.id)
            return None
        await self._sessions.renew(session.id, tokens, by)
        # Ended meanwhile, or renewed by another one: what counts is what is kept.
        return await self._sessions.find(session.id, self._clock())

    async def _accept(self, session: Session, answer: TokenAnswer) -> Tokens:
        if answer.id_token is not None:
            verdict = await self._judge.refreshed_id_token(answer.id_token, session, answer.access_token)
            if not verdict.accepted:
                raise Problem("token_refused", f"The refreshed ID token: {verdict.code}", verdict=verdict.code)
        return Tokens(
            id_token=answer.id_token or session.id_token,
            id_token_use="refreshed_id_token" if answer.id_token else session.id_token_use,
            access_token=answer.access_token,
            access_ends_at=answer.ends_at,
            refresh_token=answer.refresh_token or session.refresh_token,
            scope=answer.scope or session.scope,
        )

    @asynccontextmanager
    async def _alone(self, id: str) -> AsyncIterator[None]:
        lock, waiting = self._locks.get(id, (asyncio.Lock(), 0))
        self._locks[id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[id]
            if waiting == 1:
                del self._locks[id]
            else:
                self._locks[id] = (lock, waiting - 1)
