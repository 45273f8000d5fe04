"""The audit as chains that cannot be changed unnoticed: entries are appended by requests, and sealed off their way.

Each process has a chain of its own. Its sealer takes what was appended since, twice a second, and keeps a seal over it:
HMAC-SHA256 of the seal before, the chain, its number, the time, and for each entry its id, its time, whether it is a
refusal, and its digest. The key is one of the provider's secrets (keys.py), so that whoever can write the database, but
has no MANYOU_KEY_SECRET, cannot make a seal. audit_verify.py tells what does not fit.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from idp.audit import Auditor
from idp.stores.audit_protocols import Chain, Entry, Seal
from idp.stores.protocols import Stores
from web.clock import Clock
from web.unavailable import StoreUnavailable

log = logging.getLogger("idp.audit_chain")

SEAL_SECONDS = 0.5
"""How often what was appended is sealed: an entry waits no longer than this and the time that sealing takes."""
MOST = 1000
"""Entries under one seal; what is more gets the next one at once."""
SEEN_SECONDS = 30.0
SILENT_SECONDS = 90.0
"""A process that has not said for so long that it lives is taken for dead, and its chain is closed."""
FIRST = bytes(32)
"""What stands for the seal before the first."""
SECRET = "audit-seals"
_PACKED = struct.Struct(">qd?32s")


@dataclass(frozen=True)
class Sealed:
    """What a seal says about one entry."""

    entry_id: int
    at: float
    refusal: bool
    digest: bytes


def pack(entries: Iterable[Entry]) -> bytes:
    """Return what a seal keeps of its entries: 49 bytes each."""
    return b"".join(_PACKED.pack(one.entry_id, one.at, is_refusal(one.event), one.digest) for one in entries)


def unpack(packed: bytes) -> list[Sealed]:
    """Return what a seal says about its entries. Raises struct.error."""
    return [Sealed(*fields) for fields in _PACKED.iter_unpack(packed)]


def is_refusal(event: str) -> bool:
    """Tell whether the sweep may take an event of this name early (`LIKE '%.refused'` in the stores)."""
    return event.endswith(".refused")


def seal_value(key: bytes, seal: Seal) -> bytes:
    """Return the value that the seal must have."""
    head = f"{seal.chain}\n{seal.number}\n{seal.sealed_at!r}\n".encode()
    return hmac.new(key, seal.previous + head + seal.entries, hashlib.sha256).digest()


@dataclass
class _End:
    """Where a chain's sealing has got to: the number and value of the last seal, and what is above `floor` of it."""

    chain: str
    floor: int
    number: int = 0
    value: bytes = FIRST
    known: set[int] = field(default_factory=set)

    def follow(self, seal: Seal) -> None:
        self.number, self.value = seal.number, seal.seal
        self.known |= {one.entry_id for one in unpack(seal.entries)}


class Sealer:
    """Seals the entries of this process, and what processes that ended without it have left unsealed."""

    def __init__(self, stores: Stores, auditor: Auditor, key: bytes, clock: Clock) -> None:
        self._audit = stores.audit
        self._chains = stores.audit_chains
        self._auditor = auditor
        self._key = key
        self._clock = clock
        self._end: _End | None = None

    async def run(self) -> None:
        """Seal until cancelled: first what others have left, then what this process appends."""
        seen = float("-inf")
        while True:
            try:
                if time.monotonic() - seen > SEEN_SECONDS:
                    seen = time.monotonic()
                    await self.adopt()
                    if self._auditor.begun:
                        await self._chains.see(self._auditor.chain, self._clock())
                await self.seal()
            except StoreUnavailable as away:
                log.warning("Sealing waits for the database: %s", away)
            except Exception:
                log.exception("Sealing failed; it is tried again.")
            await asyncio.sleep(SEAL_SECONDS)

    async def seal(self) -> int:
        """Seal what this process has appended; return how many entries that were."""
        if not self._auditor.begun or self._auditor.in_doubt():
            return 0
        if self._end is None:
            self._end = _End(self._auditor.chain, self._auditor.after)
        # In this order: whatever is appended from here on gets a higher id, and whatever began before is waited for.
        upto = await self._audit.newest()
        if upto <= self._end.floor:
            return 0
        await self._auditor.settled()
        return await self._seal(self._end, upto)

    async def adopt(self) -> int:
        """Seal what other processes have left, and close the chains of those that are silent.

        One that lives loses nothing by it: of two seals with the same number the first one stays, and the other
        process goes on from that. Returns how many entries were sealed.
        """
        sealed = 0
        for chain in await self._chains.all(only_open=True):
            if chain.chain != self._auditor.chain:
                sealed += await self._seal(await self._end_of(chain), await self._audit.newest())
                if self._clock() - chain.seen_at > SILENT_SECONDS:
                    await self._chains.close(chain.chain, self._clock())
        return sealed

    async def close(self) -> None:
        """Seal the last entries and close the chain."""
        try:
            await self.seal()
            if self._auditor.begun:
                await self._chains.close(self._auditor.chain, self._clock())
        except StoreUnavailable as away:
            # The next process to start does it.
            log.warning("The last entries of the audit are not sealed yet: %s", away)

    async def _end_of(self, chain: Chain) -> _End:
        last, end = await self._chains.last_seal(chain.chain), _End(chain.chain, chain.after)
        if last is not None:
            end.follow(last)
            end.floor = max(end.floor, min(end.known, default=1) - 1)
        return end

    async def _seal(self, end: _End, upto: int) -> int:
        sealed = 0
        while end.floor < upto:
            page = await self._audit.entries(end.floor, upto, MOST, end.chain)
            fresh = [one for one in page if one.entry_id not in end.known]
            if fresh and not await self._keep(end, fresh):
                continue
            sealed += len(fresh)
            end.floor = page[-1].entry_id if len(page) == MOST else upto
            end.known = {one for one in end.known if one > end.floor}
        return sealed

    async def _keep(self, end: _End, entries: Sequence[Entry]) -> bool:
        seal = Seal(end.chain, end.number + 1, self._clock(), end.value, pack(entries), b"")
        seal = Seal(seal.chain, seal.number, seal.sealed_at, seal.previous, seal.entries, seal_value(self._key, seal))
        if await self._chains.seal(seal):
            end.number, end.value = seal.number, seal.seal
            return True
        # Another process took this chain for one that was left.
        for other in await self._chains.seals(end.chain, end.number, MOST):
            end.follow(other)
        return False
