"""The tables of docs/scale.md, made of measured costs and simulated outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from capacity_database import rows_a_day
from capacity_faults import Fault
from capacity_layout import million, ms, number, percent, table
from capacity_planning import DATABASE_SHARE, At, Planned
from simulation.copies import Bounds
from simulation.costs import LOG_IN, ROAM, Costs
from simulation.demand import Demand, needed

MIB = 1024 * 1024


def of_costs(costs: Costs) -> str:
    """Return what each thing costs, measured."""
    rows: list[Sequence[object]] = [
        (name, ms(one.cpu), ms(one.database), one.commits, f"{one.wal / 1000:.1f}", f"{one.wal_pages:.0f}")
        for name, one in costs.endpoints.items()
    ]
    sums = {
        "**roam** (par, authorize, token, userinfo)": ROAM,
        "**log-in** but for the hash (par to userinfo)": LOG_IN,
    }
    for name, names in sums.items():
        wal = sum(costs.endpoints[one].wal for one in names) / 1000
        pages = sum(costs.endpoints[one].wal_pages for one in names)
        rows.append(
            (
                name,
                ms(costs.of(names)),
                ms(costs.database_of(names)),
                costs.commits_of(names),
                f"{wal:.1f}",
                f"{pages:.0f}",
            )
        )
    first = table(("request", "copy, CPU ms", "PostgreSQL, CPU ms", "commits", "WAL kB", "index pages written"), rows)
    ended = costs.expired_per_second, costs.expired_by_two
    rest = table(
        ("what", "measured"),
        [
            ("argon2id, one password, as the provider hashes it", f"{ms(costs.hash_seconds)} ms of one core"),
            ("two threads that hash, against one", f"{costs.hash_gain:.2f} times as many"),
            ("a request that is refused, its connection included", f"{ms(costs.refusal.cpu)} ms CPU"),
            ("verdict on an access token and its DPoP proof, at a portal", f"{ms(costs.verdict)} ms CPU"),
            ("memory of a copy after it (PSS)", f"{costs.memory / 1e6:.0f} MB"),
            ("a commit, seen from its client", f"{ms(costs.flush)} ms"),
            ("sessions that run out, ended by one copy, by two", f"{ended[0]:.0f}, {ended[1]:.0f} a second"),
            ("rows that have run out, thrown away by one copy", f"{number(costs.swept_per_second)} a second"),
            ("SQLite: roam, client_secret_basic", _of_sqlite(costs, "client_secret_basic")),
            ("SQLite: roam, FAPI 2.0 portal (without userinfo)", _of_sqlite(costs, "fapi2_portal")),
        ],
    )  # fmt: skip
    return f"{costs.where}.\n\n{first}\n\n{rest}"


def _of_sqlite(costs: Costs, kind: str) -> str:
    cpu, written, stays = (costs.sqlite[f"{kind}_{name}"] for name in ("cpu", "written", "kept"))
    return f"{ms(cpu)} ms CPU, {written / 1000:.0f} kB written, {stays / 1000:.1f} kB kept, SQLite's log included"


def of_demand(demand: Demand, costs: Costs) -> str:
    """Return what comes in a day and in a second of the peak."""
    peak = demand.peak()
    busy = needed(peak, costs, demand.passwords)
    sign_ins = demand.clients
    return table(
        ("what", "average day", "a second at the peak"),
        [
            ("log-ins", million(demand.log_ins), number(peak.log_ins)),
            ("roams beside them", million(demand.log_ins * demand.roams_per_log_in), number(peak.roams)),
            ("refreshes", million(demand.log_ins * sign_ins * demand.refreshes_per_sign_in), number(peak.refreshes)),
            ("log-outs", million(demand.log_ins * demand.log_outs), number(peak.log_outs)),
            ("sessions that run out", million(demand.log_ins * (1 - demand.log_outs)), number(peak.run_out)),
            ("logout signals", million(demand.log_ins * sign_ins), number(busy.signals)),
            (
                "verdicts, at portals",
                million(demand.log_ins * sign_ins * demand.verdicts_per_sign_in),
                number(peak.log_ins * sign_ins * demand.verdicts_per_sign_in),
            ),
        ],
    )


def of_plan(planned: Planned, demand: Demand, costs: Costs) -> str:
    """Return what has to stand there."""
    busy = needed(demand.peak(), costs, demand.passwords)
    outcome, bounds = planned.outcome, Bounds()
    p99, refused = ms(outcome.tally.quantile("roam", 0.99)), percent(outcome.tally.refused(), 2)
    hashing = bounds.password_threads * costs.hash_bytes
    memory = planned.all_copies * (costs.memory + hashing)
    verdicts = demand.peak().log_ins * demand.clients * demand.verdicts_per_sign_in * costs.verdict
    return table(
        ("what", "needed at the peak", "reckoned or simulated from"),
        [
            (
                "copies",
                f"**{planned.all_copies}**: {planned.copies}, and one that may be lost",
                f"simulated: p99 of a roam {p99} ms (bound {ms(planned.bound)}), {refused} refused",
            ),
            ("cores for the copies' loops", f"{busy.loops:.1f} in use", f"{100 * outcome.loop:.0f} % of one each"),
            (
                "cores for hashing",
                f"{busy.hashes:.1f} in use",
                f"{100 * outcome.passwords:.0f} % of {bounds.password_threads} threads each",
            ),
            (
                "cores in all",
                f"{math.ceil(planned.all_copies + planned.all_copies * bounds.password_threads)}",
                "one for a loop and one for each thread",
            ),
            (
                "memory of the copies",
                f"{memory / 1e9:.1f} GB",
                f"{costs.memory / 1e6:.0f} MB and {hashing / MIB:.0f} MiB for hashes in work, each",
            ),
            (
                "cores of the database",
                f"{planned.cores}: {busy.database:.1f} in use",
                f"at most {100 * DATABASE_SHARE:.0f} % of them",
            ),
            ("commits", f"{number(busy.commits)} a second", f"{outcome.group:.0f} written through at once"),
            ("connections to the database", planned.all_copies * bounds.connections, f"{bounds.connections} a copy"),
            ("cores of the portals for verdicts", f"{verdicts:.1f} in use", "not the provider's"),
            (
                "sessions that run out",
                f"{number(demand.peak_hour_log_ins * (1 - demand.log_outs))} a second for an hour",
                f"one copy ends {costs.expired_per_second:.0f}, two {costs.expired_by_two:.0f}",
            ),
            (
                "rows that are thrown away",
                f"{number(rows_a_day(demand, costs) * demand.busy_day / 86400)} a second, all of a busy day",
                f"one copy throws away {number(costs.swept_per_second)}",
            ),
        ],
    )  # fmt: skip


def of_sweep(found: Sequence[At]) -> str:
    """Return what is used up as more come."""
    rows = []
    for at in found:
        one = at.outcome
        name, share = one.first()
        times = [ms(one.tally.quantile("roam", at)) for at in (0.5, 0.99, 0.999)]
        rows.append(
            (
                f"{at.factor:g}",
                percent(one.loop),
                percent(one.passwords),
                percent(one.database),
                f"{one.group:.0f}",
                *times,
                ms(one.tally.quantile("login_post", 0.99)),
                percent(one.tally.refused(), 2),
                f"{name}, {100 * share:.0f} %",
            )
        )
    head = (
        "times the peak", "loops", "hashing", "database", "commits at once", "roam p50 ms", "p99", "p99.9",
        "password p99 ms", "refused", "used most",
    )  # fmt: skip
    return table(head, rows)


def of_faults(found: Sequence[Fault]) -> str:
    """Return what happens when something fails."""
    head = ("what", "requests refused or lost", "in the worst second", "gave up", "roam p99 ms", "over after", "")
    rows = [
        (
            one.name,
            percent(one.refused, 2),
            percent(one.worst_second),
            percent(one.gave_up, 2),
            ms(one.p99),
            "not while it was watched" if math.isinf(one.recovered) else f"{one.recovered:.0f} s",
            one.note,
        )
        for one in found
    ]
    return table(head, rows)


def of_sensitivity(planned: Planned, demand: Demand, costs: Costs) -> str:
    """Return what other assumptions would need, reckoned: everything in use as much as at the simulated peak."""
    dearer = replace(costs, hash_seconds=costs.hash_seconds * 64 / 19)
    cases: list[tuple[str, Demand, Costs]] = [
        ("as assumed", demand, costs),
        ("a quarter of the log-ins (0.015 a day)", replace(demand, log_ins_a_day=0.015), costs),
        ("four times the log-ins (0.24 a day)", replace(demand, log_ins_a_day=0.24), costs),
        ("as Sweden uses BankID, banks and payments included", replace(demand, log_ins_a_day=2.3, busy_day=1.5), costs),
        ("no day busier than another", replace(demand, busy_day=1.0), costs),
        ("a day six times as busy", replace(demand, busy_day=6.0), costs),
        ("half a roam per log-in", replace(demand, roams_per_log_in=0.5), costs),
        ("three roams per log-in, all four portals", replace(demand, roams_per_log_in=3.0), costs),
        ("tokens renewed five times at each portal", replace(demand, refreshes_per_sign_in=5.0), costs),
        ("half of the people log in without a password", replace(demand, passwords=0.5), costs),
        ("nobody has a password", replace(demand, passwords=0.0), costs),
        ("64 MiB for a hash in place of 19", demand, dearer),
        ("a machine half as fast", demand, _slower(costs, 2.0)),
    ]  # fmt: skip
    rows = []
    for name, one, priced in cases:
        peak = one.peak()
        busy = needed(peak, priced, one.passwords)
        loops = busy.loops / planned.outcome.loop
        hashing = busy.hashes / planned.outcome.passwords
        copies = math.ceil(max(loops, hashing / Bounds().password_threads)) + 1
        rows.append(
            (
                name,
                number(peak.log_ins),
                number(peak.roams),
                f"{busy.loops:.0f}",
                f"{busy.hashes:.0f}",
                copies,
                f"{busy.database:.0f}",
                number(busy.commits),
            )
        )
    head = (
        "assumption", "log-ins/s", "roams/s", "cores: loops", "hashing", "copies", "database cores in use", "commits/s",
    )  # fmt: skip
    return table(head, rows)


def _slower(costs: Costs, times: float) -> Costs:
    endpoints = {
        name: replace(one, cpu=one.cpu * times, database=one.database * times) for name, one in costs.endpoints.items()
    }
    return replace(costs, endpoints=endpoints, hash_seconds=costs.hash_seconds * times)
