"""What is counted stays bounded whatever comes in, and is told as Prometheus expects it."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from web.counting import MOST_SERIES, SECONDS, Count, Times
from web.metrics import RequestTimes, usable_token


def test_beyond_its_bound_a_counter_counts_under_other() -> None:
    registry = CollectorRegistry()
    count = Count(registry, "made", "Made up.", "one", "two")
    for number in range(MOST_SERIES + 100):
        count.add(f"v{number}", "x")
    count.add("v0", "x")
    assert registry.get_sample_value("made_total", {"one": "v0", "two": "x"}) == 2
    assert registry.get_sample_value("made_total", {"one": "other", "two": "other"}) == 100
    [family] = registry.collect()
    assert sum(sample.name == "made_total" for sample in family.samples) == MOST_SERIES + 1


def test_values_beyond_the_bound_are_not_remembered_either() -> None:
    count = Count(CollectorRegistry(), "made", "Made up.", "one")
    for number in range(MOST_SERIES * 3):
        count.add(f"v{number}")
    assert len(count._counts) == MOST_SERIES + 1


def test_counts_and_times_are_told_as_prometheus_own_are() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    count, times = Count(ours, "made", "Made up.", "one"), Times(ours, "took", "Took so long.", "one")
    their_count = Counter("made", "Made up.", ["one"], registry=theirs)
    their_times = Histogram("took", "Took so long.", ["one"], registry=theirs, buckets=SECONDS)
    for value, seconds in (("a", 0.001), ("b", 0.0011), ("a", 0.25), ("a", 7.0), ("b", 5.0), ('"\n', 0.0)):
        count.add(value)
        their_count.labels(value).inc()
        times.note(seconds, value)
        their_times.labels(value).observe(seconds)
    told = [line for line in generate_latest(theirs).decode().splitlines() if "_created" not in line]
    assert generate_latest(ours).decode().splitlines() == told


def test_a_method_that_nobody_knows_is_other() -> None:
    registry = CollectorRegistry()
    RequestTimes(registry).note("/token", "BREW", 405, 0.01)
    labels = {"endpoint": "/token", "method": "other", "status": "4xx"}
    assert registry.get_sample_value("manyou_http_request_seconds_count", labels) == 1


@pytest.mark.parametrize("value", ["short", "x" * 31, "x" * 32 + " ", "中" * 40, "=" * 40])
def test_a_token_that_cannot_be_sent_or_can_be_guessed_is_refused_rfc6750_2_1(value: str) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        usable_token(value)


def test_no_token_is_no_mistake() -> None:
    assert usable_token("") == ""
    assert usable_token("x" * 32) == "x" * 32
