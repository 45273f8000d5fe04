"""What is counted stays bounded whatever comes in, and costs no look-up of labels a second time."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from web.metrics import MOST_SERIES, Count, RequestTimes, usable_token


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
    assert len(count._bound) == MOST_SERIES + 1


def test_labels_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = RequestTimes(CollectorRegistry())
    count = Count(CollectorRegistry(), "made", "Made up.", "one")
    times.note("/token", "POST", 200, 0.01)
    count.add("x")
    monkeypatch.delattr(MetricWrapperBase, "labels")
    times.note("/token", "POST", 204, 0.01)
    count.add("x")


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
