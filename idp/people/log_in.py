"""Logging in with user name and password: what is counted, compared and told."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from idp.audit import Auditor, Event
from idp.model import Person
from idp.people.passwords import Passwords, TooBusy
from idp.stores.protocols import Stores
from web.clock import Clock

LONGEST = 200


@dataclass(frozen=True)
class LoginOutcome:
    """What came of an attempt: the person, or `failed`, `frozen`, `busy`, or `wait` seconds to wait."""

    person: Person | None = None
    failed: bool = False
    frozen: bool = False
    busy: bool = False
    wait: float = 0.0

    @property
    def kind(self) -> str:
        """What came of it, in one word."""
        if self.wait > 0:
            return "delayed"
        return "busy" if self.busy else "frozen" if self.frozen else "bad" if self.person is None else "good"


class LogIn:
    """Checks user name and password under a growing delay per account and address."""

    def __init__(
        self, stores: Stores, passwords: Passwords, auditor: Auditor, clock: Clock, account_secret: bytes
    ) -> None:
        self._people = stores.people
        self._failures = stores.login_failures
        self._passwords = passwords
        self._auditor = auditor
        self._clock = clock
        self._account_secret = account_secret

    @property
    def waiting(self) -> int:
        """How many attempts have a place in the queue of password hashes."""
        return self._passwords.waiting

    async def attempt(self, username: str, password: str, address: str) -> LoginOutcome:
        """Try to log in from `address`; unknown account and wrong password are alike in answer and time."""
        username = unicodedata.normalize("NFKC", username).strip().lower()[:LONGEST]
        account = hmac.new(self._account_secret, username.encode(), hashlib.sha256).hexdigest()[:32]
        wait = await self._failures.attempt(account, address, self._clock())
        if wait > 0:
            await self._auditor.record(Event.LOGIN_DELAYED, address=address, account=account, seconds=f"{wait:.0f}")
            return LoginOutcome(wait=wait)
        found = await self._people.for_login(username)
        try:
            right = await self._passwords.check(found[1] if found else None, password[: LONGEST * 5], address)
        except TooBusy:
            await self._failures.undo(account, address)
            return LoginOutcome(busy=True)
        if not found or not right:
            await self._auditor.record(Event.LOGIN_FAILED, address=address, account=account)
            return LoginOutcome(failed=True)
        person = found[0]
        await self._failures.clear(account, address)
        if person.frozen:
            await self._auditor.record(Event.LOGIN_FROZEN, user_id=person.user_id, address=address)
            return LoginOutcome(frozen=True)
        await self._auditor.record(Event.LOGIN_SUCCEEDED, user_id=person.user_id, address=address)
        return LoginOutcome(person=person)
