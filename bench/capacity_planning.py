"""How many copies keep what is promised at the peak, found by simulating; and what more and more people use up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulation.copies import Bounds
from simulation.costs import Costs
from simulation.demand import Demand, needed
from simulation.run import Outcome, Plan, Rates, run

P99_SECONDS = 0.05
"""What a roam, all its requests to the provider together, may take at most in 99 of 100 cases."""
ABOVE_ALONE = 1.5
"""Or so many times what a roam takes when nobody else asks, where that is more: on a slow disk."""
MOST_REFUSED = 0.001
DATABASE_SHARE = 0.5
"""How much of the database's cores the peak may use: a primary also has to vacuum, check points, and catch up."""
FACTORS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Planned:
    """What stands there: `copies` are needed, one more is there to be lost; `cores` of the database.

    `bound` is what the 99th percentile of a roam was kept to, in seconds.
    """

    copies: int
    cores: int
    outcome: Outcome
    bound: float

    @property
    def all_copies(self) -> int:
        """Those that are needed, and the one that may be lost."""
        return self.copies + 1


@dataclass(frozen=True)
class At:
    """An outcome of the sweep at so many times the peak."""

    factor: float
    outcome: Outcome


def plan_region(demand: Demand, costs: Costs, seconds: float, part: float, seed: int) -> Planned:
    """Find the least number of copies that keeps the bounds at the peak while none is lost."""
    busy = needed(demand.peak(), costs, demand.passwords)
    cores = max(2, math.ceil(busy.database / DATABASE_SHARE))
    alone = run(Plan(1, Rates(0.0, 10.0, 0.0, 0.0, demand.clients), cores, seconds=60.0, warm_up=1.0, seed=seed), costs)
    # Where a roam alone takes nearly as long, no number of copies makes it shorter.
    bound = max(P99_SECONDS, ABOVE_ALONE * alone.tally.quantile("roam", 0.99))
    # One in `part` is simulated, so that copies come in steps of `part`.
    number = max(1, math.ceil(max(busy.loops, busy.hashes / Bounds().password_threads) / part))
    while True:
        plan = part_of(Plan(number, demand.peak(), cores, seconds=seconds, seed=seed), part)
        outcome = run(plan, costs)
        if outcome.tally.quantile("roam", 0.99) <= bound and outcome.tally.refused() <= MOST_REFUSED:
            return Planned(round(number * part), cores, outcome, bound)
        number += max(1, number // 12)


def part_of(plan: Plan, part: float) -> Plan:
    """Return a plan whose copies are those of one in `part` of the people; the rates and the database become so too."""
    return replace(plan, rates=plan.rates.times(1 / part), cores=max(1, round(plan.cores / part)))


def sweep(planned: Planned, demand: Demand, costs: Costs, seconds: float, part: float, seed: int) -> Sequence[At]:
    """Let more and more people come to what was planned."""
    found = []
    for factor in FACTORS:
        copies = max(1, round(planned.copies / part))
        plan = Plan(copies, demand.peak().times(factor), planned.cores, seconds=seconds, seed=seed)
        found.append(At(factor, run(part_of(plan, part), costs)))
    return found
