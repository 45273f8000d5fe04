"""The stores of a portal in PostgreSQL keep the contract; portals of one database share nothing."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from portals.stores.opening import open_database as opened
from portals.stores.postgres import MIGRATIONS, schema_of
from portals.stores.sessions import Sessions
from tests.portals.stores.contract import IDLE, NOW, Open, StoresContract, session
from tests.postgres import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.fresh_database()


@pytest.fixture
def open_database(url: str) -> Open:
    return lambda: opened(url, "beijing")


class TestStores(StoresContract):
    """See contract.py."""


async def test_portals_of_one_database_share_nothing(url: str) -> None:
    beijing, tianjin = await opened(url, "beijing"), await opened(url, "tianjin")
    await Sessions(beijing, IDLE).begin(session(), NOW, None)
    assert await Sessions(tianjin, IDLE).find("a session", NOW) is None
    assert await Sessions(tianjin, IDLE).account("li") is None
    await beijing.close()
    await tianjin.close()


async def test_of_many_that_start_at_once_one_makes_the_tables(url: str) -> None:
    came_of_it = await asyncio.gather(*(MIGRATIONS.migrate(url, schema_of("hebei")) for _ in range(8)))
    assert sorted(before for before, _ in came_of_it) == [0, *[MIGRATIONS.newest] * 7]


async def test_a_database_of_a_newer_version_is_refused_with_a_sentence(url: str) -> None:
    await MIGRATIONS.migrate(url, schema_of("beijing"))
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO portal_beijing.schema_version VALUES (99)")
    with pytest.raises(RuntimeError, match="newer Manyou"):
        await opened(url, "beijing")


async def test_whoever_may_not_make_schemas_is_given_one(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE of_beijing LOGIN")
        connection.execute("CREATE SCHEMA portal_beijing AUTHORIZATION of_beijing")
    plain = url.replace("manyou@", "of_beijing@")
    database = await opened(plain, "beijing")
    assert await Sessions(database, IDLE).begin(session(), NOW, None)
    await database.close()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await opened(plain, "tianjin")
