"""Processes are killed at random points of many roams: what had been acknowledged is there when they are back."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.faults import kill
from tests.postgres import PostgresServer

ROAMS = 40
KILLS = 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_when_processes_are_killed_at_random_points(database: str, tmp_path: Path) -> None:
    # `python -m tests.faults.kill --roams 1000 --database postgresql` is the long run of the same.
    with PostgresServer(durable=True) if database == "postgresql" else nullcontext() as server:
        report = kill.run(tmp_path, ROAMS, KILLS, secrets.randbelow(1_000_000), server)
    print(report)
    assert report.wrong == [], str(report)
    assert report.roams == ROAMS
    assert report.kills.total() >= KILLS
    # A run in which no kill met anything would say nothing.
    assert report.kept > 0
    assert report.told > 0
