"""Entries are sealed off the way of requests, by each copy for itself, and what a crash left at the next start."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import idp.audit_chain
import idp.audit_verify
from idp.audit import Event
from idp.audit_chain import SEAL_SECONDS, SILENT_SECONDS
from idp.audit_verify import ENTRIES_KEPT_SECONDS, REFUSALS_KEPT
from tests.idp.audit.conftest import NOW, Trail
from tests.idp.conftest import ProviderFactory
from tests.idp.provider import Provider
from tests.journeys.eventually import eventually


async def test_what_a_crash_left_is_told_as_unsealed_and_sealed_at_the_next_start(trail: Trail) -> None:
    crashed = trail.copy()
    await crashed.append("one")
    await crashed.sealer.seal()
    await crashed.append("two", "three")
    report = await trail.verify()
    assert (report.findings, report.sealed, report.unsealed) == ([], 1, {crashed.chain: 2})
    assert await trail.copy().sealer.adopt() == 2
    report = await trail.verify()
    assert (report.findings, report.sealed, report.unsealed) == ([], 3, {})
    [chain] = await trail.stores.audit_chains.all(only_open=True)
    trail.clock.advance(SILENT_SECONDS + 1)
    assert await trail.copy().sealer.adopt() == 0
    assert await trail.stores.audit_chains.all(only_open=True) == []
    assert chain.chain == crashed.chain


async def test_a_crash_before_the_first_seal_loses_nothing_either(trail: Trail) -> None:
    crashed = trail.copy()
    await crashed.append("one", "two")
    assert (await trail.verify()).unsealed == {crashed.chain: 2}
    assert await trail.copy().sealer.adopt() == 2
    assert (await trail.verify()).sealed == 2


async def test_two_copies_have_a_chain_each(trail: Trail) -> None:
    copies = trail.copy(), trail.copy()
    for number in range(6):
        await copies[number % 2].append(f"number {number}")
        await copies[number % 2].sealer.seal()
    report = await trail.verify()
    assert (report.findings, report.sealed) == ([], 6)
    assert {head.chain: head.number for head in report.heads} == {copy.chain: 3 for copy in copies}


async def test_a_copy_that_is_taken_for_dead_goes_on_from_where_the_other_got_to(trail: Trail) -> None:
    living, starting = trail.copy(), trail.copy()
    await living.append("one")
    await living.sealer.seal()
    await living.append("two")
    assert await starting.sealer.adopt() == 1
    await living.append("three")
    assert await living.sealer.seal() == 1
    report = await trail.verify()
    assert (report.findings, report.sealed, report.unsealed) == ([], 3, {})
    assert {head.number for head in report.heads} == {3}


async def test_copies_that_append_and_seal_at_once_lose_nothing(trail: Trail) -> None:
    copies = [trail.copy() for _ in range(3)]
    await asyncio.gather(
        *(copy.append(*(f"{n}" for n in range(20))) for copy in copies for _ in range(3)),
        *(copy.sealer.seal() for copy in copies for _ in range(1)),
    )
    await asyncio.gather(*(copy.sealer.seal() for copy in copies))
    report = await trail.verify()
    assert (report.findings, report.sealed, report.unsealed) == ([], 180, Counter())


async def test_a_long_backlog_is_sealed_in_several_seals(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idp.audit_chain, "MOST", 4)
    copy = trail.copy()
    await copy.append(*(f"{n}" for n in range(10)))
    assert await copy.sealer.seal() == 10
    report = await trail.verify()
    assert (report.findings, report.sealed, report.heads[0].number) == ([], 10, 3)


async def test_what_the_sweep_takes_is_not_missed(trail: Trail) -> None:
    copy = trail.copy()
    await copy.append("refused", event=Event.TOKEN_REFUSED)
    await copy.append("kept")
    await copy.sealer.seal()
    await trail.at_rest("DELETE FROM audit WHERE user_id = 'refused'")
    assert await trail.findings() == [f"Entry 1 of chain {copy.chain} is missing."]
    trail.clock.advance(ENTRIES_KEPT_SECONDS + 1)
    assert await trail.stores.upkeep.sweep(trail.clock()) == 1
    report = await trail.verify()
    assert (report.findings, report.swept) == ([], 2)


async def test_refusals_may_go_once_there_are_many_later_entries(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.audit_verify.REFUSALS_KEPT", 2)
    copy = trail.copy()
    await copy.append("refused", event=Event.TOKEN_REFUSED)
    await copy.append("two")
    await copy.sealer.seal()
    await trail.at_rest("DELETE FROM audit WHERE id = 1")
    assert await trail.findings() == [f"Entry 1 of chain {copy.chain} is missing."]
    await copy.append("three")
    await copy.sealer.seal()
    assert (await trail.verify()).swept == 1
    await trail.at_rest("DELETE FROM audit WHERE id = 2")
    assert await trail.findings() == [f"Entry 2 of chain {copy.chain} is missing."]
    assert REFUSALS_KEPT == 100_000


async def test_events_from_before_there_were_chains_are_counted_apart(trail: Trail) -> None:
    await trail.at_rest(f"INSERT INTO audit (at, event, detail) VALUES ({NOW}, 'login.succeeded', '{{}}')")
    copy = trail.copy()
    await copy.append("one")
    await copy.sealer.seal()
    report = await trail.verify()
    assert (report.findings, report.unchained, report.sealed) == ([], 1, 1)


def look(provider: Provider) -> tuple[list[str], int]:
    async def both() -> tuple[list[str], int]:
        parts = provider.parts
        key = await parts.keys.secret(idp.audit_chain.SECRET)
        report = await idp.audit_verify.verify(parts.stores, key, parts.clock())
        return report.findings, report.unsealed.total()

    found: tuple[list[str], int] = provider.run(both())
    return found


def test_a_running_provider_seals_within_a_second_and_at_its_end(make_provider: ProviderFactory) -> None:
    assert SEAL_SECONDS <= 1
    provider = make_provider()
    provider.client("alpha").tokens(provider.visitor())
    assert eventually(lambda: look(provider) == ([], 0))
    provider.client("alpha").tokens(provider.visitor())
    provider.restart()
    assert look(provider)[0] == []
    chains = provider.run(provider.parts.stores.audit_chains.all())
    assert len(chains) >= 1
    assert chains[0].closed_at is not None
