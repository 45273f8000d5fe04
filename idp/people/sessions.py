"""Sessions at the provider: begun at log-in under a new id, ended by idleness, by age, or by whatever signs out."""

from __future__ import annotations

import hashlib
import secrets

from msgspec import Struct

from idp.model import LEVELS, Person, Session, SignIn, Visit
from idp.stores.protocols import Stores
from web.clock import Clock

TOUCH_SECONDS = 60.0


class SignedIn(Struct, frozen=True):
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
        person = await self._people.by_id(session.user_id) if session is not None else None
        if session is None or person is None or not self._counts(session, person, now):
            return None
        await self._used(session, now)
        return SignedIn(session, person)

    async def visit(self, cookie: str | None, client_id: str) -> Visit | None:
        """Return the same with what is released to that client, and the client's part of the session."""
        if not cookie:
            return None
        now = self._clock()
        visit = await self._sessions.visit(session_id_of(cookie), client_id, now)
        if visit is None or not self._counts(visit.session, visit.person, now):
            return None
        await self._used(visit.session, now)
        return visit

    def _counts(self, session: Session, person: Person, now: float) -> bool:
        return now - session.seen_at < self._idle and not person.frozen

    async def _used(self, session: Session, now: float) -> None:
        # Seldom, but often enough that use is noticed well before a short idle time is over.
        if now - session.seen_at >= min(TOUCH_SECONDS, self._idle / 10):
            await self._sessions.touch(session.session_id, now)

    async def entered(self, visit: Visit, client_id: str, sub: str) -> SignIn | None:
        """Return the client's part of the session as the visit found it, or as it is entered now; see `enter`."""
        if visit.sign_in is not None and self._clock() - visit.sign_in.last_at < TOUCH_SECONDS:
            return visit.sign_in
        return await self.enter(SignedIn(visit.session, visit.person), client_id, sub)

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
