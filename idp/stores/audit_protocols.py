"""What the provider remembers of what happened: security events, and the seals that chain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model import AuditEvent


@dataclass(frozen=True)
class Entry:
    """A kept event as a seal sees it: where it stands, when it happened, what it is called, and the digest of it all.

    `chain` names the process that wrote it, None for one from before there were chains; `digest` is the SHA-256 of
    idp.stores.rows.audit_bytes.
    """

    entry_id: int
    chain: str | None
    at: float
    event: str
    digest: bytes


@dataclass(frozen=True)
class Seal:
    """A batch of a chain's entries, sealed: `entries` packed by audit_chain.pack, numbers from 1 without gaps."""

    chain: str
    number: int
    sealed_at: float
    previous: bytes
    entries: bytes
    seal: bytes


@dataclass(frozen=True)
class Chain:
    """The entries of one process; all have an entry_id above `after`. `closed_at` is set when no more will come."""

    chain: str
    begun_at: float
    after: int
    seen_at: float
    closed_at: float | None = None


class Audit(Protocol):
    """Security events."""

    async def record(self, event: AuditEvent) -> None:
        """Keep an event."""
        ...

    async def latest(self, most: int, event: str | None = None, incident: str | None = None) -> Sequence[AuditEvent]:
        """Return the latest events, newest first, of one name or one incident if asked."""
        ...

    async def newest(self) -> int:
        """Return the highest entry_id that there is, 0 if there is none."""
        ...

    async def entries(self, after: int, upto: int, most: int, chain: str | None = None) -> Sequence[Entry]:
        """Return at most `most` entries above `after` and up to `upto` by entry_id, of one chain if asked."""
        ...


class AuditChains(Protocol):
    """The chains of security events, one for each process that writes any."""

    async def begin(self, chain: Chain) -> None:
        """Keep a new chain."""
        ...

    async def see(self, chain: str, now: float) -> None:
        """Note that the chain's process lives; one that was closed is open again."""
        ...

    async def close(self, chain: str, now: float) -> None:
        """Note that no more entries will come."""
        ...

    async def all(self, *, only_open: bool = False) -> Sequence[Chain]:
        """Return the chains, oldest first."""
        ...

    async def seal(self, seal: Seal) -> bool:
        """Keep a seal, unless its chain has one of that number already; atomic. False if it has."""
        ...

    async def last_seal(self, chain: str) -> Seal | None:
        """Return the chain's seal of the highest number."""
        ...

    async def seals(self, chain: str, after: int, most: int) -> Sequence[Seal]:
        """Return at most `most` seals of the chain with numbers above `after`, in order."""
        ...
