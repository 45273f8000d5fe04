"""Whoever writes the database past the provider is found out, and it is said which entry is concerned."""

from __future__ import annotations

import pytest

from idp.audit_chain import pack, seal_value, unpack
from idp.audit_verify import Head
from idp.stores.audit_protocols import Seal
from tests.idp.audit.conftest import NOW, Trail


async def chain_of(trail: Trail) -> str:
    [chain] = await trail.stores.audit_chains.all()
    return chain.chain


async def test_what_is_as_it_was_sealed_is_counted(five: Trail) -> None:
    report = await five.verify()
    assert (report.sealed, report.unsealed, report.unchained, report.swept) == (5, {}, 0, 0)
    [head] = report.heads
    assert (head.chain, head.number) == (await chain_of(five), 2)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 0.001",
        "event = 'login.failed'",
        "client_id = 'beijing'",
        "user_id = 'another'",
        "address = '192.0.2.1'",
        "incident = 'AAAA-AAAA'",
        """detail = '{"why": "forged"}'""",
        "chain = NULL",
        "chain = 'another'",
    ],
)
async def test_a_changed_entry_is_told(five: Trail, change: str) -> None:
    await five.at_rest(f"UPDATE audit SET {change} WHERE id = 3")
    assert await five.findings() == ["Entry 3 was changed."]


@pytest.mark.parametrize("gone", [1, 2, 3, 4, 5])
async def test_a_missing_entry_is_told(five: Trail, gone: int) -> None:
    await five.at_rest(f"DELETE FROM audit WHERE id = {gone}")
    assert await five.findings() == [f"Entry {gone} of chain {await chain_of(five)} is missing."]


async def test_reordered_entries_are_told_with_where_they_belong(five: Trail) -> None:
    await five.at_rest("UPDATE audit SET user_id = 'four' WHERE id = 2")
    await five.at_rest("UPDATE audit SET user_id = 'two' WHERE id = 4")
    assert await five.findings() == [
        "Entry 2 was reordered: what stands there was sealed as entry 4.",
        "Entry 4 was reordered: what stands there was sealed as entry 2.",
    ]


async def test_an_entry_that_was_put_in_is_told(five: Trail) -> None:
    chain, columns = await chain_of(five), "(at, event, detail, chain)"
    await five.at_rest("DELETE FROM audit WHERE id = 3")
    await five.at_rest(f"INSERT INTO audit {columns} VALUES ({NOW}, 'login.succeeded', '{{}}', NULL)")
    await five.at_rest(f"INSERT INTO audit {columns} VALUES ({NOW}, 'login.succeeded', '{{}}', 'made up')")
    await five.at_rest(f"INSERT INTO audit {columns} VALUES ({NOW}, 'login.succeeded', '{{}}', '{chain}')")
    report = await five.verify()
    assert report.findings == [
        "Entry 6 was put in: it is of no chain that is known.",
        "Entry 7 was put in: it is of no chain that is known.",
        f"Entry 3 of chain {chain} is missing.",
    ]
    # What stands behind the last seal is told for what it is: nobody vouches for it yet.
    assert report.unsealed == {chain: 1}


async def test_an_entry_that_was_put_between_sealed_ones_is_told(five: Trail) -> None:
    copy = five.copy()
    await copy.append("later")
    await copy.sealer.seal()
    await five.at_rest(f"UPDATE audit SET chain = '{copy.chain}' WHERE id = 2")
    await five.at_rest(f"DELETE FROM audit_seals WHERE chain <> '{copy.chain}'")
    findings = await five.findings()
    assert f"Entry 2 was put in: chain {copy.chain} is sealed without it." in findings


@pytest.mark.parametrize("column", ["entries", "previous", "seal"])
async def test_a_changed_seal_is_told(five: Trail, column: str) -> None:
    await five.at_rest(
        f"UPDATE audit_seals SET {column} = (SELECT s.{column} FROM audit_seals s WHERE s.number = 2) WHERE number = 1"
    )
    assert f"Seal 1 of chain {await chain_of(five)} was changed." in await five.findings()


async def test_a_missing_seal_is_told(five: Trail) -> None:
    await five.at_rest("DELETE FROM audit_seals WHERE number = 1")
    findings = await five.findings()
    assert findings[0] == f"Seals 1 to 1 of chain {await chain_of(five)} are missing."
    assert [one.split(" was ")[0] for one in findings[1:]] == ["Entry 1", "Entry 2", "Entry 3"]


async def test_without_the_key_a_seal_cannot_be_made_anew(five: Trail) -> None:
    chain = await chain_of(five)
    await five.at_rest("DELETE FROM audit WHERE id = 5")
    last = await five.stores.audit_chains.last_seal(chain)
    assert last is not None
    [four, _] = unpack(last.entries)
    [kept] = await five.stores.audit.entries(3, 4, 9)
    assert kept.digest == four.digest
    await five.at_rest("DELETE FROM audit_seals WHERE number = 2")
    forged = Seal(chain, 2, last.sealed_at, last.previous, pack([kept]), b"")
    value = seal_value(b"guessed", forged)
    assert await five.stores.audit_chains.seal(
        Seal(forged.chain, forged.number, forged.sealed_at, forged.previous, forged.entries, value)
    )
    assert await five.findings() == [f"Seal 2 of chain {chain} was changed."]


async def test_an_end_that_was_cut_off_is_told_to_who_noted_the_last_seal(five: Trail) -> None:
    [head] = (await five.verify()).heads
    assert await five.findings(head) == []
    await five.at_rest("DELETE FROM audit WHERE id > 3")
    await five.at_rest("DELETE FROM audit_seals WHERE number = 2")
    assert await five.findings() == []
    assert await five.findings(head) == [f"Seal 2 of chain {head.chain}, which is known, is missing."]
    other = Head(head.chain, 1, head.seal)
    assert await five.findings(other) == [f"Seal 1 of chain {head.chain} is another than the known one."]
