"""The provider is killed at random points of many roams: what it had acknowledged is there when it is back."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.faults import kill


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_when_the_provider_is_killed_at_random_points(tmp_path: Path) -> None:
    # `python -m tests.faults.kill --roams 1000` is the long run of the same.
    report = kill.run(tmp_path, roams=60, kills=5, seed=secrets.randbelow(1_000_000))
    print(report)
    assert report.wrong == [], str(report)
    assert report.roams == 60
    assert report.kills >= 5
    # A run in which no kill met anything would say nothing.
    assert report.kept > 0
    assert report.told > 0
