"""The simulation beside the real provider: one process on one core, roams that begin at random, at several rates.

What the simulation is told is how many roams a second the provider does when it is always busy, how long an answer
takes when nothing else is asked, and how that varies. The times under load, and who is refused, it has to find itself.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from client_kinds import ClientSecretBasic
from contender import Contender, start
from http_messages import BadAnswer, get
from load import Load
from open_load import OpenLoad, Stream
from refusal import refusal_seconds
from simulation.copies import Bounds
from simulation.costs import Cost, Costs
from simulation.people import Habits, quantile
from simulation.run import Outcome, Plan, Rates, run

ROOT = Path(__file__).resolve().parents[1]
SHARES = (0.3, 0.5, 0.7, 0.85, 1.2)
"""Of the rate that the provider does when always busy; the last is more than it can."""
QUANTILES = (0.5, 0.99, 0.999)
STEPS = ("authorize", "token")


@dataclass(frozen=True)
class Compared:
    """One rate: seconds at QUANTILES and the share that was refused, simulated and measured.

    `late` is the 99th percentile of how late the load itself was: where that is much, the machine was not fit for it.
    """

    share: float
    rate: float
    simulated: Sequence[float]
    measured: Sequence[float]
    refused: tuple[float, float]
    late: float


def validate(place: Path, seconds: float, seed: int = 1) -> list[Compared]:
    """Measure and simulate each rate for so long, in a folder that is there for it."""
    with ExitStack() as stack:
        [provider] = start([("here", ROOT)], [ClientSecretBasic], place, stack)
        provider.measure(500)
        refusal = refusal_seconds(provider.servers[0], 200)
        found = []
        for number, share in enumerate(SHARES):
            # Anew for each rate: how fast the machine is changes with what else it does.
            busy = provider.measure(max(200, int(50 * seconds)))
            alone = _alone(provider, max(200, int(20 * seconds)))
            each = busy.seconds / busy.roams
            arrived = Stream(provider.roam, share / each, Random(seed + number))
            # Whoever is overrun for too long is not waited for; what was answered until then counts.
            with suppress(BadAnswer):
                OpenLoad(provider.ports[0]).run([arrived], seconds)
            outcome = _simulated(share / each, each, alone, refusal, seconds, seed)
            # On the way and in the load: what an answer takes alone beyond what keeps the provider busy.
            overhead = max(0.0, sum(statistics.fmean(alone[f"/{step}"]) for step in STEPS) - each)
            ended = outcome.tally.ended
            found.append(
                Compared(
                    share=share,
                    rate=share / each,
                    simulated=[outcome.tally.quantile("roam", at) + overhead for at in QUANTILES],
                    measured=[quantile(arrived.took, at) for at in QUANTILES],
                    refused=(
                        ended["roam", "gave up"] / max(1, ended.total()),
                        len(arrived.errors) / max(1, len(arrived.errors) + len(arrived.took)),
                    ),
                    late=quantile(arrived.late, 0.99),
                )
            )
        return found


def _alone(provider: Contender, roams: int) -> dict[str, list[float]]:
    with Load(provider.ports, 1) as load:
        load.greet(get("/jwks", provider.metadata["jwks_uri"]))
        return dict(load.run(provider.roam, roams).waits)


def _simulated(
    rate: float, each: float, alone: dict[str, list[float]], refusal: float, seconds: float, seed: int
) -> Outcome:
    means = {step: statistics.fmean(alone[f"/{step}"]) for step in STEPS}
    multiples = sorted(wait / means[step] for step in STEPS for wait in alone[f"/{step}"])
    endpoints = {step: Cost(cpu=each * means[step] / sum(means.values())) for step in STEPS}
    costs = Costs(
        where="",
        endpoints={**endpoints, "signal": Cost(0.0)},
        hash_seconds=0.0,
        hash_bytes=0.0,
        hash_gain=1.0,
        refusal=Cost(cpu=refusal),
        verdict=0.0,
        memory=0.0,
        flush=0.0,
        expired_per_second=0.0,
        expired_by_two=0.0,
        swept_per_second=1000.0,
        spread=tuple(multiples[int((place + 0.5) / 500 * len(multiples))] for place in range(500)),
    )
    plan = Plan(
        copies=1,
        cores=0,
        rates=Rates(0.0, rate, 0.0, 0.0, 0.0),
        seconds=max(seconds, 60.0) if rate * each < 1 else seconds,
        warm_up=5.0 if rate * each < 1 else 0.0,
        habits=Habits(hop=(0.0, 0.0), tries=0, journeys={"roam": STEPS}),
        bounds=Bounds(),
        seed=seed,
    )
    return run(plan, costs)


def markdown(found: Sequence[Compared]) -> str:
    """Return the comparison as a table."""
    lines = [
        "| of what one core does | roams/s | p50 ms: simulated / measured | p99 | p99.9 | refused | load late, p99 |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        pairs = zip(one.simulated, one.measured, strict=True)
        times = " | ".join(f"{_ms(simulated)} / {_ms(measured)}" for simulated, measured in pairs)
        refused = " / ".join(f"{100 * share:.1f} %" for share in one.refused)
        lines.append(f"| {100 * one.share:.0f} % | {one.rate:.0f} | {times} | {refused} | {_ms(one.late)} |")
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{1000 * seconds:.1f}"
