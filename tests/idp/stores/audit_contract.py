"""What every store promises about the audit and its chains; contract.py says how it is run."""

from __future__ import annotations

import asyncio
from typing import Any

from idp.model import AuditEvent
from idp.stores.audit_protocols import Chain, Seal
from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, THREADS, Reopen, at_once


def event(number: int, **changes: Any) -> AuditEvent:
    right = {"client_id": None, "user_id": f"person {number}", "address": None, "incident": None, "detail": {}}
    return AuditEvent(at=NOW + number, event="login.succeeded", **{**right, **changes})


def seal(number: int, chain: str = "a", sealed_at: float = NOW) -> Seal:
    return Seal(chain, number, sealed_at, bytes(range(32)), b"\x00packed\xff", bytes(32))


class AuditContract:
    """Entries, chains and seals."""

    async def test_entries_come_in_order_by_page_and_by_chain(self, stores: Stores) -> None:
        assert await stores.audit.newest() == 0
        for number in range(6):
            await stores.audit.record(event(number, chain="ab"[number % 2]))
        newest = await stores.audit.newest()
        all_of_them = await stores.audit.entries(0, newest, 99)
        ids = [one.entry_id for one in all_of_them]
        assert ids == sorted(ids)
        assert ids[-1] == newest
        assert [one.at for one in all_of_them] == [NOW + number for number in range(6)]
        assert [one.entry_id for one in await stores.audit.entries(ids[1], ids[4], 2)] == ids[2:4]
        assert [one.entry_id for one in await stores.audit.entries(ids[0], newest, 99, "a")] == [ids[2], ids[4]]

    async def test_a_digest_is_of_every_value_and_of_nothing_else(self, stores: Stores) -> None:
        changes: list[dict[str, Any]] = [
            {}, {"client_id": "alpha"}, {"user_id": "other"}, {"user_id": None}, {"address": "::1"}, {"incident": "A"},
            {"detail": {"why": "因为"}}, {"chain": "a"}, {"chain": ""},
        ]  # fmt: skip
        for change in changes:
            await stores.audit.record(event(1, **change))
        await stores.audit.record(event(2))
        await stores.audit.record(event(1))
        digests = [one.digest for one in await stores.audit.entries(0, await stores.audit.newest(), 99)]
        assert len(set(digests[:-1])) == len(changes) + 1
        assert digests[-1] == digests[0]

    async def test_the_digest_of_an_event_is_the_same_in_every_database(self, stores: Stores) -> None:
        await stores.audit.record(
            AuditEvent(NOW + 0.1, "login.failed", "alpha", None, "::1", "A", {"why": "因为"}, "c")
        )
        [entry] = await stores.audit.entries(0, await stores.audit.newest(), 9)
        assert entry.digest.hex() == "6c38d27c991637ea202c6b5f61306bae8efc9ed05a5bf912dfcae6090d298a7d"

    async def test_a_seal_is_kept_once_for_its_number(self, stores: Stores, reopen: Reopen) -> None:
        won = await asyncio.to_thread(at_once, reopen, lambda one: one.audit_chains.seal(seal(1)))
        assert sorted(won) == [False] * (THREADS - 1) + [True]
        assert await stores.audit_chains.seal(seal(2))
        assert await stores.audit_chains.seal(seal(1, "b"))
        assert await stores.audit_chains.last_seal("a") == seal(2)
        assert await stores.audit_chains.last_seal("c") is None
        assert await stores.audit_chains.seals("a", 0, 9) == [seal(1), seal(2)]
        assert await stores.audit_chains.seals("a", 1, 9) == [seal(2)]
        assert await stores.audit_chains.seals("a", 0, 1) == [seal(1)]

    async def test_a_chain_is_open_until_it_is_closed_and_again_when_it_is_seen(self, stores: Stores) -> None:
        first, second = Chain("a", NOW, 3, NOW), Chain("b", NOW + 1, 5, NOW + 1)
        for chain in (second, first):
            await stores.audit_chains.begin(chain)
        assert await stores.audit_chains.all() == [first, second]
        await stores.audit_chains.close("a", NOW + 2)
        assert await stores.audit_chains.all() == [Chain("a", NOW, 3, NOW, NOW + 2), second]
        assert await stores.audit_chains.all(only_open=True) == [second]
        await stores.audit_chains.see("a", NOW + 9)
        assert await stores.audit_chains.all(only_open=True) == [Chain("a", NOW, 3, NOW + 9), second]

    async def test_seals_stay_a_day_longer_than_what_they_seal(self, stores: Stores) -> None:
        await stores.audit.record(event(0))
        await stores.audit_chains.seal(seal(1))
        days = 86400.0
        assert await stores.upkeep.sweep(NOW + 180 * days + 1) == 1
        assert await stores.audit_chains.last_seal("a") == seal(1)
        assert await stores.upkeep.sweep(NOW + 181 * days + 1) == 1
        assert await stores.audit_chains.last_seal("a") is None
