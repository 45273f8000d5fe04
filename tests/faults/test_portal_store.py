"""A portal's disk is full, or its file is held by another process: refused cleanly, nothing lost, and it recovers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import parts_of
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person

MOST_TRIES = 60
"""More flows than fit into the pages that a table has when the disk is full."""


@pytest.fixture
def region(make_region: RegionFactory) -> RegionThread:
    return make_region()


@contextmanager
def full_disk(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the file grow no more; SQLite then fails as it does when the system has no more room."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def held(region: RegionThread, portal: str) -> Iterator[None]:
    """Hold the write lock of the portal's file; the portal does not wait for it long."""
    parts_of(region, portal).database.connection.execute("PRAGMA busy_timeout = 20")
    path = region.var / "portals" / portal / "portal.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def is_refused(person: Person) -> bool:
    """Tell whether the page says that nothing can be kept now."""
    page = person.page
    if page.status_code != 503 or not page.headers.get("retry-after"):
        return False
    return person.seen.attributes["problem"]["data-problem"] == "store_unavailable"


def is_whole(region: RegionThread, portal: str) -> bool:
    """Tell whether the portal's file is as it should be."""
    connection = parts_of(region, portal).database.connection
    return [tuple(row) for row in connection.execute("PRAGMA integrity_check")] == [("ok",)]


def test_with_a_full_disk_a_sign_in_is_refused_cleanly_and_nothing_is_corrupted(
    region: RegionThread, person: PersonFactory
) -> None:
    walker, late = person(region), person(region)
    walker.roam(["beijing", "tianjin"])
    with full_disk(parts_of(region, "beijing").database.connection):
        for _ in range(MOST_TRIES):
            late.at("beijing", "/login", until=region.issuer)
            if not late.page.is_redirect:
                break
        assert is_refused(late)
        assert "本门户暂时无法保存数据" in late.page.text
        # Who was signed in before still is.
        assert walker.is_signed_in("beijing")
    assert is_whole(region, "beijing")
    assert late.visit("beijing").status_code == 200


def test_while_another_process_holds_the_file_a_log_out_is_not_lost(
    region: RegionThread, person: PersonFactory
) -> None:
    walker, late = person(region), person(region)
    walker.roam(["beijing", "tianjin"])
    with held(region, "beijing"):
        late.at("beijing", "/login")
        assert is_refused(late)
        walker.log_out("tianjin")
        walker.at("idp", "/")
        assert eventually(lambda: state(walker) == "retrying")
    assert eventually(lambda: state(walker) == "delivered")
    assert not walker.is_signed_in("beijing")
    assert is_whole(region, "beijing")


def state(walker: Person) -> str:
    """Return what the zone says about Beijing's log-out."""
    walker.at("idp", "/")
    return walker.seen.attributes["delivery-beijing"]["data-state"]
