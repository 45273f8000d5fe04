"""The stores in PostgreSQL keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.idp.stores.contract import OnceOnlyContract, RememberingContract, Reopen
from tests.idp.stores.crowd import CrowdContract


@pytest.fixture
def reopen(database_url: str) -> Reopen:
    return lambda: open_stores(database_url)


@pytest.fixture
async def stores(reopen: Reopen) -> AsyncIterator[Stores]:
    opened = await reopen()
    yield opened
    await opened.upkeep.close()


class TestOnceOnly(OnceOnlyContract):
    """See contract.py."""


class TestRemembering(RememberingContract):
    """See contract.py."""


class TestCrowd(CrowdContract):
    """See crowd.py."""
