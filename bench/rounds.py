"""Rounds of roams in which several servers take turns, some roams each, so that they share what else goes on."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

from contender import Contender, Figures

TURN = 100
"""Roams until the next server has its turn: what else the machine does changes within seconds."""
WARM_UP = 2000
"""Roams that do not count: imports, caches, and what a compiler learns at run time."""
Rounds = Mapping[Contender, list[Figures]]


def measured(
    contenders: Sequence[Contender], roams: int, rounds: int, *, warm_up: int = WARM_UP, errors_allowed: bool = False
) -> Rounds:
    """Return what so many rounds of so many roams cost each; it is confirmed between them what must be refused.

    `warm_up` roams of each process come before that.
    """
    for contender in contenders:
        contender.measure(warm_up * len(contender.servers))
    found: dict[Contender, list[Figures]] = defaultdict(list)
    for _ in range(rounds):
        for contender, figures in one_round(contenders, roams, errors_allowed=errors_allowed).items():
            found[contender].append(figures)
        for contender in contenders:
            contender.refuses()
    return found


def one_round(
    contenders: Sequence[Contender], roams: int, *, errors_allowed: bool = False
) -> Mapping[Contender, Figures]:
    """Return what so many roams cost each."""
    totals: dict[Contender, Figures] = defaultdict(Figures)
    for turn, done in enumerate(range(0, roams, TURN)):
        # Turned round each time, so that none is always the one to come first.
        for contender in contenders[:: -1 if turn % 2 else 1]:
            totals[contender].add(contender.measure(min(TURN, roams - done), errors_allowed=errors_allowed))
    return totals


def cost(figures: Figures) -> float:
    """Return the CPU milliseconds of a roam."""
    return figures.cpu_ms / figures.roams


def ratios(these: Sequence[Figures], others: Sequence[Figures]) -> list[float]:
    """Return what a roam cost these in what it cost the others, of each round."""
    return [cost(a) / cost(b) for a, b in zip(these, others, strict=True)]


def percentiles(waits: Sequence[Sequence[float]], share: float) -> list[float]:
    """Return, of each round, the milliseconds below which that share (of 100) of its waits was."""
    return [1000 * sorted(one)[min(len(one) - 1, int(len(one) * share / 100))] for one in waits]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median and the range, as text."""
    middle, least, most = (f"{one:.{digits}f}" for one in (statistics.median(values), min(values), max(values)))
    return f"{middle} [{least}-{most}]"
