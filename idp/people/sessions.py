"""Sessions at the provider: begun at log-in under a new id, ended by idleness, by age, or by whatever signs out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from idp.model import LEVELS, Person, Session, SignIn
from idp.stores.protocols import Stores
from web.clock import Clock

TOUCH_SECONDS = 60.0


@dataclass(frozen=True)
class SignedIn:
    """A live session and whose it is."""

    session: Session
    person: Person

    @property
    def acr(self) -> str:
        """The level of this session as an Authentication Context Class Reference."""
        return LEVELS[self.level - 1]

    @property
    def level(self) -> int:
        """The level of this session: the person's when they logged in, or lower since."""
        return min(self.session.level, self.person.level)


def session_id_of(cookie: str) -> str:
    """Return the identifier under which the session of that cookie is kept."""
    return hashlib.sha256(cookie.encode()).hexdigest()


class SessionKeeper:
    """Starts and finds sessions, and enters clients into them."""

    def __init__(self, stores: Stores, clock: Clock, *, idle: float, absolute: float) -> None:
        self._sessions = stores.sessions
        self._sign_ins = stores.sign_ins
        self._people = stores.people
        self._clock = clock
        self._idle = idle
        self._absolute = absolute

    async def start(self, person: Person, amr: tuple[str, ...]) -> tuple[str, Session]:
        """Begin a session; return the cookie's value (256 bit, nowhere kept) and the session."""
        cookie = secrets.token_urlsafe(32)
        now = self._clock()
        session = Session(
            session_id=session_id_of(cookie),
            user_id=person.user_id,
            auth_time=int(now),
            level=person.level,
            amr=amr,
            created_at=now,
            seen_at=now,
            expires_at=now + self._absolute,
        )
        await self._sessions.start(session)
        return cookie, session

    async def before(self, cookie: str | None) -> Session | None:
        """Return the session that this browser has or, when a form was sent twice, the one that took over from it."""
        if not cookie:
            return None
        return await self._sessions.live_successor(session_id_of(cookie), self._clock())

    async def succeed(self, old: Session, new: Session) -> None:
        """Let a session that the same person began by logging in again take over what belongs to the old one."""
        await self._sessions.succeed(old.session_id, new.session_id, self._clock())

    async def current(self, cookie: str | None) -> SignedIn | None:
        """Return the live session of the cookie, and note that it was used."""
        if not cookie:
            return None
        now = self._clock()
        session = await self._sessions.live(session_id_of(cookie), now)
        if session is None or now - session.seen_at >= self._idle:
            return None
        person = await self._people.by_id(session.user_id)
        if person is None or person.frozen:
            return None
        # Seldom, but often enough that use is noticed well before a short idle time is over.
        if now - session.seen_at >= min(TOUCH_SECONDS, self._idle / 10):
            await self._sessions.touch(session.session_id, now)
        return SignedIn(session, person)

    async def enter(self, signed_in: SignedIn, client_id: str, sub: str) -> SignIn | None:
        """Enter a client into the session, or find it there; `sid` is random, 128 bit, and only this client's.

        None if the session ended at this moment.
        """
        now = self._clock()
        return await self._sign_ins.enter(
            SignIn(
                sid=secrets.token_urlsafe(16),
                session_id=signed_in.session.session_id,
                client_id=client_id,
                user_id=signed_in.person.user_id,
                sub=sub,
                started_at=now,
                last_at=now,
            )
        )
