"""Whatever ends a sign-in, it is one signal: the `sid` ends, its grants are revoked, its client is told.

Log out, consent withdrawn, account frozen, level lowered, a refresh family revoked, a client moved to another sector,
and a session run out all end here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum

from idp.audit import Auditor, Event
from idp.clients import Clients
from idp.model import LEVELS, Person, SignIn
from idp.stores.protocols import Stores
from web.clock import Clock


class Reason(StrEnum):
    """Why a sign-in ended."""

    LOGGED_OUT = "logged_out"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    FROZEN = "frozen"
    LEVEL_LOWERED = "level_lowered"
    FAMILY_REVOKED = "family_revoked"
    SUBJECT_CHANGED = "subject_changed"


class SignOuts:
    """Ends sign-ins; `wake` is called when something was queued for delivery."""

    def __init__(
        self,
        stores: Stores,
        clients: Clients,
        auditor: Auditor,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._people = stores.people
        self._sessions = stores.sessions
        self._sign_ins = stores.sign_ins
        self._consents = stores.consents
        self._grants = stores.grants
        self._clients = clients
        self._auditor = auditor
        self._clock = clock
        self._wake = wake

    async def session(self, session_id: str, user_id: str, reason: Reason) -> Sequence[SignIn]:
        """End a session and every client's part of it."""
        visits = await self._sign_ins.of_session(session_id)
        uris = await self._clients.logout_uris(visit.client_id for visit in visits)
        ended = await self._sign_ins.end_session(session_id, reason, self._clock(), uris)
        if ended is None:
            # Somebody else did it at this moment: another window, or another process that notices what has run out.
            return ()
        event = Event.SESSION_EXPIRED if reason is Reason.EXPIRED else Event.SESSION_ENDED
        clients = " ".join(sign_in.client_id for sign_in in ended)
        await self._auditor.record(event, user_id=user_id, reason=reason.value, clients=clients)
        self._wake()
        return ended

    async def sids(self, sids: Sequence[str], reason: Reason) -> Sequence[SignIn]:
        """End single sign-ins; the session lives on."""
        visits = [await self._sign_ins.get(sid) for sid in sids]
        uris = await self._clients.logout_uris(visit.client_id for visit in visits if visit is not None)
        ended = await self._sign_ins.end(sids, reason, self._clock(), uris)
        for sign_in in ended:
            await self._auditor.record(
                Event.SIGN_IN_ENDED, client_id=sign_in.client_id, user_id=sign_in.user_id, reason=reason.value
            )
        self._wake()
        return ended

    async def withdraw_consent(self, user_id: str, client_id: str) -> bool:
        """Withdraw what rests on consent, and end what the client built on it; False if there was nothing."""
        if not await self._consents.withdraw(user_id, client_id, self._clock()):
            return False
        await self._auditor.record(Event.CONSENT_WITHDRAWN, client_id=client_id, user_id=user_id)
        await self._grants.revoke_of_person(user_id, client_id, self._clock())
        live = await self._sign_ins.live_of_person(user_id, client_id)
        await self.sids([sign_in.sid for sign_in in live], Reason.CONSENT_WITHDRAWN)
        return True

    async def freeze(self, person: Person) -> None:
        """Freeze an account: no log-in any more, and every session ends."""
        await self._people.set_frozen(person.user_id, True, self._clock())
        await self._auditor.record(Event.ACCOUNT_FROZEN, user_id=person.user_id)
        await self._grants.revoke_of_person(person.user_id, None, self._clock())
        for session in await self._sessions.of_person(person.user_id, self._clock()):
            await self.session(session.session_id, person.user_id, Reason.FROZEN)

    async def unfreeze(self, person: Person) -> None:
        """Let a person log in again."""
        await self._people.set_frozen(person.user_id, False, self._clock())
        await self._auditor.record(Event.ACCOUNT_UNFROZEN, user_id=person.user_id)

    async def set_level(self, person: Person, level: int) -> None:
        """Set a person's level (1 to 4). Where it is lowered, sign-ins that claimed more end; the sessions live on."""
        await self._people.set_level(person.user_id, level, self._clock())
        await self._auditor.record(
            Event.LEVEL_CHANGED, user_id=person.user_id, old=LEVELS[person.level - 1], new=LEVELS[level - 1]
        )
        if level < person.level:
            sessions = await self._sessions.of_person(person.user_id, self._clock())
            claiming = {session.session_id for session in sessions if session.level > level}
            await self._sessions.lower_level(person.user_id, level)
            live = await self._sign_ins.live_of_person(person.user_id)
            live = [sign_in for sign_in in live if sign_in.session_id in claiming]
            await self.sids([sign_in.sid for sign_in in live], Reason.LEVEL_LOWERED)
            # Offline grants whose sign-in has ended before claim the old level too.
            await self._grants.revoke_of_person(person.user_id, None, self._clock())

    async def expire(self, idle: float) -> int:
        """End the sessions that have run out, so that their clients are told too; return how many."""
        ended = 0
        while run_out := await self._sign_ins.expired_sessions(self._clock(), idle):
            for session_id, user_id in run_out:
                await self.session(session_id, user_id, Reason.EXPIRED)
                # Where the store answers inline, nobody else had a turn.
                await asyncio.sleep(0)
            ended += len(run_out)
        return ended
