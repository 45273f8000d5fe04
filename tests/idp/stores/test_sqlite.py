"""The stores in SQLite keep the contract."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import idp.stores.sqlite.upkeep
from idp.model import AuditEvent
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.idp.stores.audit_contract import AuditContract
from tests.idp.stores.clients_contract import ClientsContract
from tests.idp.stores.contract import OnceOnlyContract, RememberingContract, Reopen
from tests.idp.stores.crowd import CrowdContract
from tests.idp.stores.key_contract import RevokingContract
from tests.idp.stores.roam_contract import RoamContract
from web.database_address import SQLITE


@pytest.fixture
def reopen(tmp_path: Path) -> Reopen:
    return lambda: open_stores(f"{SQLITE}{tmp_path / 'idp.db'}")


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


def test_nobody_else_may_read_the_file(stores: Stores, tmp_path: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes["idp.db"] == 0o600
    assert set(modes.values()) == {0o600}


async def test_a_file_of_a_newer_version_is_refused_with_a_sentence(tmp_path: Path, reopen: Reopen) -> None:
    await (await reopen()).upkeep.close()
    connection = sqlite3.connect(tmp_path / "idp.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RuntimeError, match="newer Manyou"):
        await reopen()


async def test_refusals_that_anybody_can_cause_are_kept_up_to_a_number(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idp.stores.sqlite.upkeep, "REFUSALS_KEPT", 10)
    await stores.audit.record(AuditEvent(1.0, "login.failed", None, None, None, None, {}))
    for number in range(30):
        await stores.audit.record(AuditEvent(1.0, "token.refused", None, None, None, str(number), {}))
    await stores.upkeep.sweep(1.0)
    kept = [event.incident for event in await stores.audit.latest(100)]
    assert kept == [*(str(number) for number in range(29, 19, -1)), None]
