"""When people come: Poisson processes whose rate changes with the time of the day, and all at once at an event."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from .clock import Action, Clock

Rate = Callable[[float], float]
"""Arrivals per second at a moment."""

HOURS = (
    0.5, 0.3, 0.2, 0.2, 0.3, 0.6, 1.5, 3.2, 6.5, 10.0, 10.5, 8.5,
    5.5, 5.8, 8.0, 8.3, 7.3, 5.2, 3.8, 3.9, 3.8, 3.1, 2.0, 1.0,
)  # fmt: skip
"""Percent of a working day's log-ins in each hour: an assumption, that of services used in office hours."""
PEAK_HOUR_SHARE = max(HOURS) / sum(HOURS)


def day(total: float) -> Rate:
    """Return the rate of a day with so many arrivals; its time is seconds from midnight.

    Between the middles of two hours it changes evenly, and the whole day has exactly `total`.
    """
    scale = total / sum(HOURS) / 3600

    def rate(moment: float) -> float:
        place = (moment / 3600 - 0.5) % 24
        hour, part = int(place), place % 1
        return scale * ((1 - part) * HOURS[hour] + part * HOURS[(hour + 1) % 24])

    return rate


def steady(rate: float) -> Rate:
    """Return a rate that does not change."""
    return lambda moment: rate


def stampede(people: float, opens_at: float, mean_seconds: float) -> Rate:
    """Return the rate of people who wait for a moment and come after it, half of them within 0.7 of the mean."""

    def rate(moment: float) -> float:
        since = moment - opens_at
        return people / mean_seconds * math.exp(-since / mean_seconds) if since >= 0 else 0.0

    return rate


def arrive(clock: Clock, rate: Rate, most: float, random: Random, action: Action) -> None:
    """Let `action` happen at the moments of a Poisson process whose rate is never above `most` (thinning).

    P. A. W. Lewis and G. S. Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979.
    """
    if most <= 0:
        return

    def candidate() -> None:
        if random.random() * most < rate(clock.now):
            action()
        clock.after(random.expovariate(most), candidate)

    clock.after(random.expovariate(most), candidate)
