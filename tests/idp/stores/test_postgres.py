"""The stores in PostgreSQL keep the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from idp.stores.opening import open_stores
from idp.stores.postgres.migrations import migrate
from idp.stores.protocols import Stores
from tests.idp.stores.audit_contract import AuditContract
from tests.idp.stores.clients_contract import ClientsContract
from tests.idp.stores.contract import OnceOnlyContract, RememberingContract, Reopen
from tests.idp.stores.crowd import CrowdContract
from tests.idp.stores.key_contract import RevokingContract
from tests.idp.stores.roam_contract import RoamContract
from web import postgres as database
from web.unavailable import StoreUnavailable


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


class TestClients(ClientsContract):
    """See clients_contract.py."""


class TestAudit(AuditContract):
    """See audit_contract.py."""


class TestCrowd(CrowdContract):
    """See crowd.py."""


class TestRevoking(RevokingContract):
    """See key_contract.py."""


class TestRoam(RoamContract):
    """See roam_contract.py."""


async def test_more_than_can_wait_are_refused_at_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECTIONS", 2)
    monkeypatch.setattr(database, "WAITING", 3)
    bounded = database.Database(database_url)
    await migrate(database_url)
    await bounded.open()
    try:
        slow = [bounded.execute("SELECT pg_sleep(0.5)") for _ in range(9)]
        came_of_it = await asyncio.gather(*slow, return_exceptions=True)
        refused = [one for one in came_of_it if isinstance(one, StoreUnavailable)]
        served = [one for one in came_of_it if isinstance(one, int)]
        # The second connection may still be on its way.
        assert len(refused) + len(served) == 9
        assert 4 <= len(refused) <= 6
    finally:
        await bounded.close()


async def test_a_transaction_that_the_database_breaks_off_is_done_again(database_url: str) -> None:
    stores = await open_stores(database_url)
    await stores.consents.give("li", "alpha", {"email": "consent", "phone": "consent"}, 1.0)
    await stores.upkeep.close()
    shared = database.Database(database_url)
    await shared.open()
    begun, tries = asyncio.Barrier(2), [0]

    async def crossing(first: str, second: str) -> None:
        async def work(transaction: database.Transaction) -> None:
            tries[0] += 1
            lock = "UPDATE consents SET granted_at = granted_at + 1 WHERE scope = %s"
            await transaction.execute(lock, (first,))
            if tries[0] <= 2:
                await begun.wait()
            await transaction.execute(lock, (second,))

        await shared.atomically(work)

    try:
        await asyncio.gather(crossing("email", "phone"), crossing("phone", "email"))
        assert tries == [3]
        rows = await shared.many("SELECT granted_at FROM consents")
        assert [row["granted_at"] for row in rows] == [3.0, 3.0]
    finally:
        await shared.close()
