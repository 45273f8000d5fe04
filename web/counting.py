"""Counts and times by labels, as plain numbers until Prometheus asks; what others choose cannot make them grow.

prometheus_client's own counters take a lock and three calls for each number. These are of one thread, the loop's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

MOST_SERIES = 256
"""How many combinations of its labels one counter tells apart; the rest is counted under OTHER."""
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histograms' buckets."""
_BOUNDS = (*map(str, SECONDS), "+Inf")


class Count(Collector):
    """A counter by labels; a value that others choose cannot make it grow beyond MOST_SERIES."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, *labels: str) -> None:
        self._name, self._text, self.labels = name, text, labels
        self._other = (OTHER,) * len(labels)
        self._counts: dict[tuple[str, ...], int] = {}
        registry.register(self)

    def add(self, *values: str) -> None:
        """Count one of these labels' values."""
        if values in self._counts:
            self._counts[values] += 1
            return
        if len(self._counts) >= MOST_SERIES:
            values = self._other
        self._counts[values] = self._counts.get(values, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """Tell what was counted."""
        family = CounterMetricFamily(self._name, self._text, labels=self.labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        return [family]


class Times(Collector):
    """A histogram of seconds by labels that the caller bounds."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, *labels: str) -> None:
        self._name, self._text, self.labels = name, text, labels
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def note(self, seconds: float, *values: str) -> None:
        """Count one that took `seconds`."""
        if values not in self._counts:
            self._counts[values] = [0] * len(_BOUNDS)
            self._sums[values] = 0.0
        self._counts[values][bisect_left(SECONDS, seconds)] += 1
        self._sums[values] += seconds

    def collect(self) -> Iterable[Metric]:
        """Tell how many took how long: each bucket holds the smaller ones, too."""
        family = HistogramMetricFamily(self._name, self._text, labels=self.labels)
        for values, counts in self._counts.items():
            upto = [(bound, float(sum(counts[: place + 1]))) for place, bound in enumerate(_BOUNDS)]
            family.add_metric(values, buckets=upto, sum_value=self._sums[values])
        return [family]
