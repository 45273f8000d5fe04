"""The simulation's queues agree with what is known of them without simulating."""

from __future__ import annotations

from random import Random

import pytest

from bench.simulation import theory
from bench.simulation.arrivals import PEAK_HOUR_SHARE, arrive, day, stampede, steady
from bench.simulation.clock import Clock
from bench.simulation.workers import Workers

SERVICE = 0.1
ARRIVALS = 60_000


class Queue:
    """Workers at whom a Poisson process arrives; `times` are seconds in the system, `present` the mean number there."""

    def __init__(self, workers: int, load: float, *, fixed: bool = False, places: float = float("inf")) -> None:
        self.rate = load * workers / SERVICE
        self.clock = Clock()
        self.workers = Workers(self.clock, workers, places)
        self.times: list[float] = []
        self.came = 0
        self.present = 0.0
        self._since = 0.0
        self._fixed = fixed
        self._random = Random(7)
        arrive(self.clock, steady(self.rate), self.rate, Random(8), self._come)
        self.clock.run(ARRIVALS / self.rate)

    def _come(self) -> None:
        self._count()
        self.came += 1
        service = SERVICE if self._fixed else self._random.expovariate(1 / SERVICE)
        began = self.clock.now
        self.workers.take(service, lambda well: self._gone(began))

    def _gone(self, began: float) -> None:
        self._count(gone=1)
        self.times.append(self.clock.now - began)

    def _count(self, gone: int = 0) -> None:
        # The one that has just gone is no longer among them, and was until now.
        self.present += (self.workers.present + gone) * (self.clock.now - self._since)
        self._since = self.clock.now

    @property
    def mean_time(self) -> float:
        """The mean time in the system."""
        return sum(self.times) / len(self.times)


@pytest.mark.parametrize(("workers", "load"), [(1, 0.5), (1, 0.8), (4, 0.8), (16, 0.8)])
def test_waiting_for_one_of_several_workers_is_as_long_as_erlang_c_says(workers: int, load: float) -> None:
    queue = Queue(workers, load)
    expected = theory.mean_wait(workers, queue.rate, SERVICE)
    assert queue.mean_time - SERVICE == pytest.approx(expected, rel=0.12)


def test_waiting_for_work_of_one_length_is_half_as_long_as_for_exponential_work_pollaczek_khinchine() -> None:
    queue = Queue(1, 0.8, fixed=True)
    assert queue.mean_time - SERVICE == pytest.approx(theory.mean_wait_fixed(queue.rate, SERVICE), rel=0.08)
    assert theory.mean_wait_fixed(queue.rate, SERVICE) == pytest.approx(theory.mean_wait(1, queue.rate, SERVICE) / 2)


def test_the_99th_percentile_of_one_worker_is_that_of_an_exponential_time() -> None:
    queue = Queue(1, 0.7)
    expected = theory.quantile_of_time(0.99, queue.rate, SERVICE)
    assert sorted(queue.times)[len(queue.times) * 99 // 100] == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize(("workers", "load"), [(1, 0.6), (3, 0.85)])
def test_as_many_are_there_as_come_in_the_time_that_each_stays_littles_law(workers: int, load: float) -> None:
    queue = Queue(workers, load)
    mean_present = queue.present / queue.clock.now
    arrival_rate = queue.came / queue.clock.now
    assert mean_present == pytest.approx(arrival_rate * queue.mean_time, rel=0.01)


def test_where_nobody_may_wait_as_many_are_refused_as_erlang_b_says() -> None:
    queue = Queue(5, 1.0, places=5)
    assert queue.workers.refused / queue.came == pytest.approx(theory.lost(5, 5.0), rel=0.05)


def test_workers_are_in_use_for_the_share_of_time_that_is_offered() -> None:
    queue = Queue(4, 0.75)
    assert queue.workers.busy_seconds / queue.clock.now / 4 == pytest.approx(0.75, rel=0.02)


def test_work_that_is_lost_is_told_once_and_leaves_the_workers_free() -> None:
    clock = Clock()
    workers = Workers(clock, 1)
    told: list[tuple[str, bool]] = []
    workers.take(1.0, lambda well: told.append(("in work", well)))
    workers.take(1.0, lambda well: told.append(("waiting", well)))
    clock.after(0.5, workers.lose)
    clock.after(0.6, lambda: workers.take(1.0, lambda well: told.append(("new", well))))
    clock.run(5.0)
    assert told == [("in work", False), ("waiting", False), ("new", True)]


def test_a_day_has_the_arrivals_it_was_told_and_the_peak_hour_its_share() -> None:
    total = 50_000.0
    clock = Clock()
    moments: list[float] = []
    rate = day(total)
    most = max(rate(60.0 * minute) for minute in range(1440))
    arrive(clock, rate, most, Random(3), lambda: moments.append(clock.now))
    clock.run(86_400.0)
    assert len(moments) == pytest.approx(total, rel=0.02)
    in_peak_hour = sum(10 * 3600 <= moment < 11 * 3600 for moment in moments)
    assert in_peak_hour / len(moments) == pytest.approx(PEAK_HOUR_SHARE, rel=0.06)


def test_people_who_wait_for_a_moment_come_after_it_and_all_of_them() -> None:
    clock = Clock()
    moments: list[float] = []
    arrive(clock, stampede(2000, 100.0, 60.0), 2000 / 60.0, Random(4), lambda: moments.append(clock.now))
    clock.run(100.0 + 15 * 60.0)
    assert min(moments) >= 100.0
    assert len(moments) == pytest.approx(2000, rel=0.07)
    assert sum(moment < 100.0 + 60.0 * 0.693 for moment in moments) == pytest.approx(1000, rel=0.1)
