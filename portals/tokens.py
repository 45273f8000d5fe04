"""Fresh tokens: a session's tokens are renewed before an expired one would be shown or used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from portals import journal
from portals.errors import Problem
from portals.judging import Judge
from portals.sign_in import RefreshRefused, SignIn, TokenAnswer
from portals.stores.sessions import Session, Sessions, Tokens
from web.clock import Clock

EARLY_SECONDS = 30
"""How long before its end an access token counts as ended: it must outlive the request that it is for."""


class Refresher:
    """Renews the tokens of sessions, once at a time for each, so that many tabs ask the provider for one renewal.

    The refresh token stays the same and is of use to this portal alone (FAPI 2.0 Security Profile 5.3.2.1): an answer
    that was lost on its way costs nothing but the next try.
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
        async with self._alone(session.id):
            current = await self._sessions.find(session.id, self._clock())
            if current is None or self._fresh(current):
                return current
            if current.refresh_token is None:
                await self._sessions.end(current.id)
                return None
            return await self._renew(current, current.refresh_token)

    def _fresh(self, session: Session) -> bool:
        return session.access_ends_at - EARLY_SECONDS > self._clock()

    async def _renew(self, session: Session, refresh_token: str) -> Session | None:
        try:
            answer = await self._sign_in.refresh(refresh_token)
            tokens = await self._accept(session, answer)
        except (RefreshRefused, Problem) as error:
            if isinstance(error, Problem) and error.code == "provider_unreachable":
                raise
            reason = str(error)
            journal.record("refresh_refused", level=logging.WARNING, portal=self._portal, reason=reason)
            await self._sessions.end(session.id)
            return None
        renewed = await self._sessions.renew(session.id, tokens)
        return replace(session, **vars(tokens)) if renewed else None

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
