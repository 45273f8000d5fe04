"""Whether the audit is as it was sealed: which entry was changed, is missing, stands in another's place, or was put in.

What may be missing is what the sweep takes: entries and seals after their time, and refusals that are not among the
latest. Each entry that is sealed is held in memory meanwhile, some 300 bytes of it.
"""

from __future__ import annotations

import hmac
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from idp.audit_chain import FIRST, MOST, Sealed, seal_value, unpack
from idp.stores.audit_protocols import Chain, Entry, Seal
from idp.stores.protocols import Stores

ENTRIES_KEPT_SECONDS = 180 * 86400.0
SEALS_KEPT_SECONDS = 181 * 86400.0
REFUSALS_KEPT = 100_000
"""What the sweeps of the stores leave."""


@dataclass(frozen=True)
class Head:
    """The last seal of a chain: whoever keeps a copy elsewhere can tell later whether the end was cut off."""

    chain: str
    number: int
    seal: str


@dataclass
class Report:
    """What was found: `findings` are sentences about what is wrong, the numbers count entries."""

    findings: list[str] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    sealed: int = 0
    unsealed: Counter[str] = field(default_factory=Counter)
    unchained: int = 0
    swept: int = 0


async def verify(stores: Stores, key: bytes, now: float, known: Sequence[Head] = ()) -> Report:
    """Compare the whole audit with its seals, and the seals with each other and with `known` ones.

    The provider may run meanwhile; what it appends then is not looked at.
    """
    report = Report()
    chains = {one.chain: one for one in await stores.audit_chains.all()}
    sealed: dict[int, tuple[str, Sealed]] = {}
    last: dict[str, int] = {}
    for chain in chains.values():
        for one in await _seals(stores, chain, key, now, known, report):
            sealed[one.entry_id] = (chain.chain, one)
            last[chain.chain] = max(last.get(chain.chain, 0), one.entry_id)
    # After the seals: what is sealed was there before.
    upto = await stores.audit.newest()
    changed = await _entries(stores, upto, chains, sealed, last, report)
    _tell_changed(changed, report)
    for entry_id, (chain_name, one) in sealed.items():
        expired = one.at < now - ENTRIES_KEPT_SECONDS
        if expired or (one.refusal and entry_id <= upto - REFUSALS_KEPT):
            report.swept += 1
        else:
            report.findings.append(f"Entry {entry_id} of chain {chain_name} is missing.")
    return report


async def _seals(
    stores: Stores, chain: Chain, key: bytes, now: float, known: Sequence[Head], report: Report
) -> list[Sealed]:
    """Check the chain's seals in order and return what they say about entries."""
    found: list[Sealed] = []
    wanted = {one.number: one.seal for one in known if one.chain == chain.chain}
    before: Seal | None = None
    number = 0
    while page := await stores.audit_chains.seals(chain.chain, number, MOST):
        for seal in page:
            _check_seal(chain, seal, before, key, now, report)
            if wanted.pop(seal.number, seal.seal.hex()) != seal.seal.hex():
                report.findings.append(f"Seal {seal.number} of chain {chain.chain} is another than the known one.")
            try:
                found += unpack(seal.entries)
            except struct.error:
                report.findings.append(f"Seal {seal.number} of chain {chain.chain} cannot be read.")
            before = seal
        number = page[-1].number
    if before is not None:
        report.heads.append(Head(chain.chain, before.number, before.seal.hex()))
    report.findings += [f"Seal {one} of chain {chain.chain}, which is known, is missing." for one in wanted]
    return found


def _check_seal(chain: Chain, seal: Seal, before: Seal | None, key: bytes, now: float, report: Report) -> None:
    first = 1 if before is None else before.number + 1
    expired = before is None and chain.begun_at < now - SEALS_KEPT_SECONDS
    if seal.number != first:
        if not expired:
            report.findings.append(f"Seals {first} to {seal.number - 1} of chain {chain.chain} are missing.")
    elif not hmac.compare_digest(seal.previous, FIRST if before is None else before.seal):
        report.findings.append(f"Seal {seal.number} of chain {chain.chain} does not follow from the one before.")
    if not hmac.compare_digest(seal.seal, seal_value(key, seal)):
        report.findings.append(f"Seal {seal.number} of chain {chain.chain} was changed.")


async def _entries(
    stores: Stores,
    upto: int,
    chains: dict[str, Chain],
    sealed: dict[int, tuple[str, Sealed]],
    last: dict[str, int],
    report: Report,
) -> list[tuple[Entry, Sealed]]:
    """Go through all entries, take each that is sealed out of `sealed`, and return those that are not as they were."""
    changed: list[tuple[Entry, Sealed]] = []
    since = min((one.after for one in chains.values()), default=upto)
    at = 0
    while page := await stores.audit.entries(at, upto, MOST):
        for entry in page:
            _, one = sealed.pop(entry.entry_id, (None, None))
            if one is None:
                _tell_unsealed(entry, since, chains, last, report)
            elif hmac.compare_digest(one.digest, entry.digest):
                report.sealed += 1
            else:
                changed.append((entry, one))
        at = page[-1].entry_id
    return changed


def _tell_unsealed(entry: Entry, since: int, chains: dict[str, Chain], last: dict[str, int], report: Report) -> None:
    if entry.chain is None and entry.entry_id <= since:
        report.unchained += 1
    elif entry.chain not in chains:
        report.findings.append(f"Entry {entry.entry_id} was put in: it is of no chain that is known.")
    elif entry.entry_id > last.get(entry.chain, 0):
        report.unsealed[entry.chain] += 1
    else:
        report.findings.append(f"Entry {entry.entry_id} was put in: chain {entry.chain} is sealed without it.")


def _tell_changed(changed: Sequence[tuple[Entry, Sealed]], report: Report) -> None:
    places = {one.digest: one.entry_id for _, one in changed}
    for entry, _ in changed:
        place = places.get(entry.digest)
        report.findings.append(
            f"Entry {entry.entry_id} was changed."
            if place is None
            else f"Entry {entry.entry_id} was reordered: what stands there was sealed as entry {place}."
        )
