"""How large the database becomes and how much it writes: from rows that real requests made, and how long each stays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from capacity_layout import million, table
from simulation.costs import LOG_IN, ROAM, Costs
from simulation.demand import Demand, needed

PAGE = 8192
CHECKPOINT_SECONDS = 1800.0
"""How far apart checkpoints are: the first change of a page after one writes the whole page to the log."""
SEAL_BYTES = 64
"""Of the audit's seals, for each entry: its id, time and SHA-256, and its part of the row."""
HOUR = 1 / 24
KEPT_DAYS: Mapping[str, float] = {
    "sessions": 7 + 2 * HOUR,
    "sign_ins": 7 + 2 * HOUR,
    "interactions": 40 / 60 * HOUR,
    "pushed_requests": 11 / 60 * HOUR,
    "grants": 1 + 8 * HOUR,
    "refresh_tokens": 1 + 8 * HOUR,
    "assertions": 6 / 60 * HOUR,
    "deliveries": 7,
    "audit": 180,
}
"""How long a row is there: until it has run out, and then as long as idp/stores/postgres/upkeep.py leaves it."""


@dataclass(frozen=True)
class Kept:
    """One table: rows that a day adds, days for which each is kept, rows and bytes that are there."""

    a_day: float
    days: float
    rows: float
    bytes: float


def kept(demand: Demand, costs: Costs) -> dict[str, Kept]:
    """Return what is there after as many average days as it takes until as much goes as comes."""
    log_ins = demand.log_ins
    found = {}
    for name, days in KEPT_DAYS.items():
        one = costs.tables[name]
        a_day = log_ins * (
            one.per_log_in
            + demand.roams_per_log_in * one.per_roam
            + demand.clients * demand.refreshes_per_sign_in * one.per_refresh
            + one.per_log_out
            + demand.clients * one.per_signal
        )
        found[name] = Kept(a_day, days, a_day * days, a_day * days * one.bytes)
    audit = found["audit"]
    found["audit_seals"] = Kept(audit.a_day, audit.days, audit.rows, audit.rows * SEAL_BYTES)
    people = costs.tables["people"].bytes
    found["people"] = Kept(0.0, math.inf, demand.people, demand.people * people)
    # Everybody has been at as many portals as a session visits, and agreed or was told once at each.
    consents = demand.people * demand.clients
    found["consents"] = Kept(0.0, math.inf, consents, consents * costs.tables["consents"].bytes)
    return found


def rows_a_day(demand: Demand, costs: Costs) -> float:
    """Return how many rows an average day makes, each of which goes again."""
    return sum(one.a_day for name, one in kept(demand, costs).items() if name in KEPT_DAYS)


def page_images(demand: Demand, costs: Costs) -> float:
    """Return the most bytes a second that images of pages add to the log at the peak.

    Each index is keyed at random, so that what comes between two checkpoints meets most pages of what is kept.
    """
    peak = demand.peak()
    ending = peak.log_outs + peak.run_out
    each = (
        (peak.log_ins, LOG_IN),
        (peak.roams, ROAM),
        (peak.refreshes, ("refresh",)),
        (ending, ("end_session",)),
        (ending * demand.clients, ("signal",)),
    )
    touched = CHECKPOINT_SECONDS * sum(
        rate * sum(costs.endpoints[name].wal_pages for name in names) for rate, names in each
    )
    changing = sum(one.bytes for name, one in kept(demand, costs).items() if name in KEPT_DAYS and name != "audit")
    pages = changing / PAGE
    return pages * (1 - math.exp(-touched / pages)) * PAGE / CHECKPOINT_SECONDS


def of_database(demand: Demand, costs: Costs) -> str:
    """Return the tables of what is kept and of what is written."""
    found = kept(demand, costs)
    rows = [
        (
            f"`{name}`",
            f"{million(one.a_day)} a day" if one.a_day else "-",
            _days(one.days),
            million(one.rows),
            f"{one.bytes / one.rows:.0f}",
            f"{one.bytes / 1e9:.1f}",
        )
        for name, one in sorted(found.items(), key=lambda item: -item[1].bytes)
    ]
    whole = sum(one.bytes for one in found.values())
    rows.append(("**together**", "", "", million(sum(one.rows for one in found.values())), "", f"{whole / 1e9:.0f}"))
    peak = demand.peak()
    busy = needed(peak, costs, demand.passwords)
    average = busy.wal / peak.log_ins * demand.log_ins
    made = rows_a_day(demand, costs) / demand.log_ins
    images = page_images(demand, costs)
    written = table(
        ("written", "a second at the peak", "an average day"),
        [
            ("rows made, each of which goes again", f"{made * peak.log_ins:,.0f}", million(made * demand.log_ins)),
            ("commits", f"{busy.commits:,.0f}", million(busy.commits / peak.log_ins * demand.log_ins)),
            ("log (WAL) without page images", f"{busy.wal / 1e6:.1f} MB", f"{average / 1e9:.0f} GB"),
            (
                f"page images, a checkpoint every {CHECKPOINT_SECONDS / 60:.0f} min, none compressed: at most",
                f"{images / 1e6:.0f} MB",
                f"{images * 86400 / 1e12:.1f} TB, were it always so",
            ),
        ],
    )
    head = ("table", "rows that come", "kept", "rows that are there", "bytes each, with indexes", "GB")
    return f"{table(head, rows)}\n\n{written}"


def _days(days: float) -> str:
    if math.isinf(days):
        return "always"
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} h" if days >= 1 / 12 else f"{days * 1440:.0f} min"
