"""What the provider remembers of people: who they are, who guessed at their passwords, what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from idp.model import Basis, Consent, Person


class People(Protocol):
    """The people who can sign in."""

    async def add(self, person: Person, password_hash: str) -> None:
        """Keep a person; one who is there already stays as they are."""
        ...

    async def usernames(self) -> frozenset[str]:
        """Return the names of all who are there."""
        ...

    async def by_id(self, user_id: str) -> Person | None:
        """Return the person, or None."""
        ...

    async def for_login(self, username: str) -> tuple[Person, str] | None:
        """Return the person and the password's hash."""
        ...

    async def set_level(self, user_id: str, level: int, now: float) -> None:
        """Set the level, 1 to 4."""
        ...

    async def set_frozen(self, user_id: str, frozen: bool, now: float) -> None:
        """Freeze or unfreeze the account."""
        ...


class LoginFailures(Protocol):
    """Failed log-ins, counted per account and address together, so that nobody is slowed by a stranger."""

    async def attempt(self, account: str, address: str, now: float) -> float:
        """Count an attempt as failed in advance, atomically; return 0.0, or the seconds to wait, counting nothing."""
        ...

    async def undo(self, account: str, address: str) -> None:
        """Take back the last attempt: its password was not even looked at."""
        ...

    async def clear(self, account: str, address: str) -> None:
        """Forget the failures: the log-in succeeded."""
        ...


class Consents(Protocol):
    """What is released to whom, and on which basis."""

    async def given(self, user_id: str, client_id: str) -> Mapping[str, Basis]:
        """Return the scopes that are released to the client and not withdrawn, and on which basis."""
        ...

    async def give(self, user_id: str, client_id: str, scopes: Mapping[str, Basis], now: float) -> None:
        """Remember releases; one given again counts from now."""
        ...

    async def withdraw(self, user_id: str, client_id: str, now: float) -> bool:
        """Withdraw what rests on consent; False if nothing did."""
        ...

    async def of_person(self, user_id: str) -> Sequence[Consent]:
        """Return all releases, withdrawn ones too, newest first."""
        ...
