"""The provider's disk is full: 503 and when to come again, nothing corrupted, and it goes on by itself afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.disks import SEGMENTS, Bounded, largest, of_postgres
from tests.faults.full_disk import Seen, roam, world
from tests.postgres import PostgresServer

ALWAYS = {"jwks": {200}, "healthz": {200}}
REFUSED = {
    "par": {201, 503},
    "token": {200, 503},
    "bad token request": {400, 503},
    "introspect": {200, 503},
    "bad authorize": {400, 503},
    "zone": {200, 503},
}


def check(seen: Seen) -> None:
    """Judge what was answered."""
    assert seen.statuses["sign-in at a portal"][503] == 1
    for name, allowed in {**ALWAYS, **REFUSED}.items():
        assert set(seen.statuses[name]) <= allowed, f"{name}: {seen.statuses[name]}"
    assert seen.statuses["par"][503]


# `python -m tests.faults.full_disk` is the same on a file system of its own, which needs root.
def test_a_roam_on_a_full_disk_is_refused_by_a_page_and_possible_again_when_there_is_room(tmp_path: Path) -> None:
    with world(tmp_path) as at:
        check(roam(at, Bounded(lambda: [at.provider.pid], lambda: largest(tmp_path / "var"))))


@pytest.mark.timeout(180)
def test_a_roam_on_a_full_disk_of_postgresql_is_refused_and_possible_again_when_there_is_room(tmp_path: Path) -> None:
    with PostgresServer(durable=True, initdb=SEGMENTS) as server, world(tmp_path, server) as at:
        check(roam(at, of_postgres(server, at.database)))
