"""The simulated region keeps the provider's own rules, and the same seed gives the same outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.simulation.clock import Clock
from bench.simulation.copies import BUSY, LOST, OK, Bounds, Copy, Proxy
from bench.simulation.costs import LOG_IN, ROAM, Cost, Costs, Table, read
from bench.simulation.database import Database
from bench.simulation.deliveries import Deliveries, Portals
from bench.simulation.demand import Demand, needed
from bench.simulation.people import Habits
from bench.simulation.run import Plan, Rates, Run, run
from idp.settings import Settings

MS = 0.001
NAMES = {*ROAM, *LOG_IN, "refresh", "end_session", "signal"}


def costs(**changes: object) -> Costs:
    """Return costs of one millisecond for everything, in the copy and in the database, and of 40 ms for a hash."""
    endpoints: Mapping[str, Cost] = {
        name: Cost(
            MS, MS, 1, wal=1000.0, wal_pages=4.0, hashes=int(name == "login_post"), repeatable=name == "authorize"
        )
        for name in NAMES
    }
    found = Costs(
        where="a test",
        endpoints=endpoints,
        hash_seconds=40 * MS,
        hash_bytes=19 * 2**20,
        hash_gain=2.0,
        refusal=Cost(0.1 * MS),
        verdict=MS,
        memory=1e8,
        flush=MS,
        expired_per_second=100.0,
        expired_by_two=100.0,
        swept_per_second=1000.0,
        spread=(),
        tables={"sessions": Table(1000.0, per_log_in=1.0)},
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # by name


class Provider:
    """One copy and what it answered."""

    def __init__(self, bounds: Bounds, database: bool = False) -> None:
        self.clock = Clock()
        self.database = Database(self.clock, 4, MS) if database else None
        run_with = Run(Plan(1, Rates(0, 0, 0, 0, 0), cores=0), costs())
        self.copy = Copy(self.clock, costs(), bounds, self.database, run_with.people.random)
        self.statuses: list[tuple[float, int]] = []

    def ask(self, cost: Cost) -> None:
        self.copy.ask(cost, lambda status: self.statuses.append((round(self.clock.now / MS, 1), status)))


def test_the_bounds_are_the_providers_own() -> None:
    bounds, settings = Bounds(), Settings()
    assert bounds.requests == settings.requests
    assert bounds.password_threads == settings.idp_password_threads
    assert bounds.password_queue == settings.idp_password_queue


def test_a_copy_answers_one_after_the_other_and_refuses_what_is_beyond_its_bound() -> None:
    provider = Provider(Bounds(requests=2))
    for _ in range(3):
        provider.ask(Cost(4 * MS))
    provider.clock.run(1.0)
    # The third is refused when its turn in the loop comes: the halves of the two are worked on around it.
    assert provider.statuses == [(4.1, BUSY), (6.1, OK), (8.1, OK)]
    assert provider.copy.in_work == 0


def test_passwords_are_hashed_beside_the_loop_and_refused_where_too_many_wait() -> None:
    provider = Provider(Bounds(password_threads=2, password_queue=1))
    for _ in range(4):
        provider.ask(Cost(0.2 * MS, hashes=1))
    provider.ask(Cost(2 * MS))
    provider.clock.run(1.0)
    statuses = [status for _, status in provider.statuses]
    assert statuses.count(BUSY) == 1
    assert statuses.count(OK) == 4
    # Who asks for something else waits for no hash.
    assert (2.4, OK) in provider.statuses
    assert max(moment for moment, _ in provider.statuses) == pytest.approx(80.0, abs=1.0)


def test_a_copy_that_is_killed_loses_what_it_has_in_work() -> None:
    provider = Provider(Bounds())
    provider.ask(Cost(4 * MS))
    provider.ask(Cost(4 * MS))
    provider.clock.after(3 * MS, provider.copy.die)
    provider.clock.run(1.0)
    assert [status for _, status in provider.statuses] == [LOST, LOST]
    assert provider.copy.in_work == 0


def test_a_database_that_is_away_is_answered_with_503_after_the_wait_for_a_connection() -> None:
    provider = Provider(Bounds(patience=0.2), database=True)
    assert provider.database is not None
    provider.database.go_away()
    provider.ask(Cost(2 * MS, database=MS, commits=1))
    provider.clock.run(1.0)
    assert provider.statuses == [(201.0, BUSY)]


def test_commits_that_come_during_a_write_through_share_the_next_one() -> None:
    clock = Clock()
    database = Database(clock, cores=8, flush=5 * MS)
    ends: list[float] = []
    for number in range(5):
        clock.after(number * MS, lambda: database.do(0.5 * MS, 1, lambda well: ends.append(round(clock.now / MS, 1))))
    clock.run(1.0)
    assert ends == [5.5, 10.5, 10.5, 10.5, 10.5]
    assert database.flushes == 2


def test_a_proxy_asks_another_copy_for_a_get_that_was_lost_and_never_for_a_post() -> None:
    for repeatable, expected in ((True, OK), (False, LOST)):
        clock = Clock()
        run_with = Run(Plan(2, Rates(0, 0, 0, 0, 0), cores=0), costs())
        copies = [Copy(clock, costs(), Bounds(), None, run_with.people.random) for _ in range(2)]
        proxy, statuses = Proxy(copies), list[int]()
        proxy.ask(Cost(4 * MS, repeatable=repeatable), statuses.append)
        clock.after(MS, next(copy for copy in copies if copy.in_work).die)
        clock.run(1.0)
        assert statuses == [expected]


def deliveries(slow: dict[int, float]) -> tuple[Clock, Deliveries]:
    clock = Clock()
    run_with = Run(Plan(1, Rates(0, 0, 0, 0, 0), cores=0), costs())
    proxy = Proxy([Copy(clock, costs(), Bounds(), None, run_with.people.random)])
    found = Deliveries(clock, proxy, costs(), Portals(slow=slow), run_with.people.random)
    return clock, found


def test_a_portal_that_does_not_answer_holds_up_no_other_one() -> None:
    clock, queue = deliveries({0: 60.0})
    for _ in range(40):
        queue.session_ended(4)
    clock.run(4.0)
    assert {portal: len(delays) for portal, delays in queue.delays.items()} == {1: 40, 2: 40, 3: 40}
    assert max(max(delays) for delays in queue.delays.values()) < 1.0
    clock.run(10.0)
    # The first eight at once, and after they failed one alone.
    assert queue.tried == 3 * 40 + 8 + 1


def test_what_a_portal_missed_reaches_it_when_it_is_back() -> None:
    slow = {0: 60.0}
    clock, queue = deliveries(slow)
    for _ in range(40):
        queue.session_ended(4)
    clock.after(20.0, slow.clear)
    clock.run(90.0)
    assert len(queue.delays[0]) == 40
    assert queue.waiting == 0


def test_people_who_are_refused_try_again_and_then_give_up() -> None:
    rates = Rates(log_ins=20.0, roams=0.0, refreshes=0.0, log_outs=0.0, clients=1.0)
    plan = Plan(1, rates, cores=0, seconds=60.0, bounds=Bounds(password_threads=1, password_queue=1))
    # 25 passwords a second are hashed: enough for 20 people, and too few where one takes four times as long.
    assert run(plan, costs()).tally.ended["log-in", "gave up"] == 0
    slow = run(replace(plan, seconds=240.0, habits=Habits(tries=2)), costs(hash_seconds=160 * MS))
    assert slow.tally.ended["log-in", "gave up"] > slow.tally.ended["log-in", "again"] > 0
    assert slow.passwords > 0.9


def test_more_copies_make_a_roam_no_slower_and_use_less_of_each() -> None:
    rates = Rates(log_ins=0.0, roams=200.0, refreshes=0.0, log_outs=0.0, clients=1.0)
    one, two = (run(Plan(copies, rates, seconds=10.0, warm_up=2.0), costs()) for copies in (1, 2))
    assert one.loop == pytest.approx(0.8, rel=0.05)
    assert two.loop == pytest.approx(one.loop / 2, rel=0.05)
    assert two.tally.quantile("roam", 0.99) < one.tally.quantile("roam", 0.99)


def test_what_is_kept_busy_is_what_the_costs_say_without_a_queue() -> None:
    demand = Demand(people=2e6)
    busy = needed(demand.peak(), costs())
    outcome = run(Plan(8, demand.peak(), seconds=20.0), costs())
    assert outcome.loop * 8 == pytest.approx(busy.loops, rel=0.1)
    assert outcome.passwords * 16 == pytest.approx(busy.hashes, rel=0.1)
    assert outcome.database * 8 == pytest.approx(busy.database, rel=0.1)


def test_the_same_seed_gives_the_same_outcome_and_another_one_another() -> None:
    rates = Rates(log_ins=5.0, roams=20.0, refreshes=5.0, log_outs=5.0, clients=2.5, run_out=3.0)
    plan = Plan(2, rates, seconds=3.0, warm_up=1.0)
    first, second, third = (run(one, costs()) for one in (plan, plan, replace(plan, seed=2)))
    assert first.tally.waits == second.tally.waits
    assert first.events == second.events
    assert first.tally.waits != third.tally.waits


def test_costs_that_were_kept_are_read_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    costs(spread=(0.5, 1.5)).keep(file)
    assert read(file) == costs(spread=(0.5, 1.5))
