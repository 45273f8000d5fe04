"""What happens at the peak when something fails, or when everybody comes at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from capacity_planning import Planned, part_of
from simulation.arrivals import stampede, steady
from simulation.copies import Bounds
from simulation.costs import LOG_IN, Costs
from simulation.demand import Demand, needed
from simulation.people import Habits, quantile
from simulation.run import WARM_UP, Outcome, Plan, Run

BEGINS, LASTS = 20.0, 30.0
"""When what fails fails, after the warm-up, and for how long."""
AFTER = 40.0
CROWD, CROWD_MEAN_SECONDS, CROWD_TRIES = 1_000_000.0, 120.0, 40
CROWD_WATCHED = 900.0
LET_IN = 0.85
"""How much of what serves them a proxy that lets people in one by one would use."""


@dataclass(frozen=True)
class Fault:
    """What came of one: shares of requests refused and of people who gave up, seconds until nobody was refused again.

    `note` is what this fault is about besides.
    """

    name: str
    refused: float
    worst_second: float
    gave_up: float
    p99: float
    recovered: float
    note: str


def faults(planned: Planned, demand: Demand, costs: Costs, part: float, seed: int) -> Sequence[Fault]:
    """Simulate each: a copy killed, a database away, a portal slow and one dead, a crowd at an opening."""
    seconds = BEGINS + LASTS + AFTER

    def begin(copies: int, seconds: float = seconds) -> Run:
        plan = Plan(max(1, round(copies / part)), demand.peak(), planned.cores, seconds=seconds, seed=seed)
        return Run(part_of(plan, part), costs)

    return [
        _nothing(begin(planned.all_copies)),
        _copy_killed(begin(planned.all_copies)),
        _database_away(begin(planned.all_copies, seconds + 120.0)),
        _portal(begin(planned.all_copies), "one portal answers log-outs after 3 s, for 30 s", 3.0),
        _portal(begin(planned.all_copies), "one portal answers no log-outs for 30 s", 60.0),
        _crowd(planned, demand, costs, seed),
        _crowd_let_in(planned, demand, costs, seed),
    ]


def _nothing(run: Run) -> Fault:
    return _told("nothing", run.go(), "")


def _copy_killed(run: Run) -> Fault:
    copy = run.copies[0]
    run.at(BEGINS, copy.die)
    run.at(BEGINS + LASTS, copy.start)
    return _told(f"one copy of {len(run.copies)} killed, back after 30 s", run.go(), "")


def _database_away(run: Run) -> Fault:
    assert run.database is not None
    run.at(BEGINS, run.database.go_away)
    run.at(BEGINS + LASTS, run.database.come_back)
    return _told("the database away for 30 s", run.go(), "")


def _portal(run: Run, name: str, seconds: float) -> Fault:
    slow = run.plan.portals.slow
    run.at(BEGINS, lambda: slow.update({0: seconds}))
    run.at(BEGINS + LASTS, lambda: slow.pop(0))
    outcome = run.go()
    late = {portal: quantile(delays, 0.99) for portal, delays in outcome.signals.delays.items()}
    others = max(seconds for portal, seconds in late.items() if portal != 0)
    note = (
        f"p99 of its signals {late[0]:.1f} s, of the others' {others:.1f} s; {outcome.signals.waiting} wait at the end"
    )
    return _told(name, outcome, note)


def _crowd(planned: Planned, demand: Demand, costs: Costs, seed: int) -> Fault:
    # The part that one copy has.
    part = planned.all_copies
    plan = Plan(
        copies=1,
        rates=demand.peak(),
        cores=planned.cores,
        seconds=CROWD_WATCHED,
        seed=seed,
        habits=Habits(tries=CROWD_TRIES, longest_wait=60.0),
        extra=stampede(CROWD / part, WARM_UP + BEGINS, CROWD_MEAN_SECONDS),
        most_extra=CROWD / part / CROWD_MEAN_SECONDS,
    )
    outcome = Run(part_of(plan, part), costs).go()
    whole = outcome.tally.whole["log-in"]
    minutes = [quantile(whole, share) / 60 for share in (0.5, 0.9, 0.99)]
    note = f"a log-in took {minutes[0]:.1f} min (p50), {minutes[1]:.1f} (p90), {minutes[2]:.1f} (p99), form and all"
    return _told("a million people at an opening", outcome, note)


def _crowd_let_in(planned: Planned, demand: Demand, costs: Costs, seed: int) -> Fault:
    part, peak = planned.all_copies, demand.peak()
    spare_of_threads = Bounds().password_threads * LET_IN / costs.hash_seconds - peak.log_ins / part
    spare_of_loop = (LET_IN - needed(peak, costs).loops / part) / costs.of(LOG_IN)
    rate = max(0.1, min(spare_of_threads, spare_of_loop))
    plan = Plan(
        copies=1, rates=peak, cores=planned.cores, seconds=60.0, seed=seed, extra=steady(rate), most_extra=rate
    )  # fmt: skip
    minutes = CROWD / (rate * part) / 60
    note = f"the last of them is let in after {minutes:.0f} min, {rate * part:.0f} a second, and knows it beforehand"
    return _told("the same, let in no faster than they can be served", Run(part_of(plan, part), costs).go(), note)


def _told(name: str, outcome: Outcome, note: str) -> Fault:
    tally = outcome.tally
    ended = tally.ended
    lost = sum(number for (_, how), number in ended.items() if how == "gave up")
    return Fault(
        name=name,
        refused=tally.refused(),
        worst_second=max(_by_second(outcome), default=0.0),
        gave_up=lost / max(1, ended.total()),
        p99=tally.quantile("roam", 0.99),
        recovered=_recovered(outcome),
        note=note,
    )


def _by_second(outcome: Outcome) -> list[float]:
    seconds = outcome.tally.by_second
    return [
        seconds[second, "refused"] / max(1, seconds[second, "refused"] + seconds[second, "ok"])
        for second in range(int(outcome.plan.warm_up), int(outcome.plan.warm_up + outcome.plan.seconds))
    ]


def _recovered(outcome: Outcome) -> float:
    """Return after how long no second came in which one in 1000 was refused, inf where they came to the end."""
    bad = [second for second, share in enumerate(_by_second(outcome)) if share > 0.001]
    if bad and bad[-1] + 2 >= outcome.plan.seconds:
        return math.inf
    return bad[-1] + 1 - BEGINS if bad else 0.0
