"""The world ends with the tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machines.world import world


@pytest.fixture(scope="session", autouse=True)
def _end_of_the_world() -> Iterator[None]:
    yield
    if world.cache_info().currsize:
        world().stop()
