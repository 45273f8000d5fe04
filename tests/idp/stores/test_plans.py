"""No statement of a request, or of the upkeep, goes through a whole table: what is stored does not make it dearer."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import idp.stores.sqlite.database as sqlite
import web.postgres as postgres
from idp.model import AuditEvent
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, grant, interaction, person, registered_client, session, sign_in
from web.database_address import SQLITE

GROWING = {
    "people", "consents", "login_failures", "sessions", "sign_ins", "interactions", "pushed_requests", "grants",
    "refresh_tokens", "revoked_access_tokens", "assertions", "deliveries", "audit", "audit_seals",
}  # fmt: skip
"""The tables whose rows are as many as people, what they do, and the time it is kept; the others have few."""
WHAT_WAITS = "deliveries_due"
"""The index of what waits alone, which is few rows of many: that may be gone through."""
Statements = dict[str, Any]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Every statement that a store sends to its database, with values that it had."""
    statements: Statements = {}
    # Providers of other tests may run beside this one.
    here = threading.get_ident()

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, sql: str, values: Any = ()) -> Any:
            if threading.get_ident() == here:
                statements[sql] = values
            return method(self, sql, values)

        return call

    for where, names in (
        (sqlite.Database, ("execute", "one", "many")),
        (postgres.Database, ("execute", "one", "many")),
        (postgres.Transaction, ("execute", "many")),
    ):
        for name in names:
            monkeypatch.setattr(where, name, noted(getattr(where, name)))
    return statements


async def ask_everything(stores: Stores) -> None:
    """Use the stores as requests and the upkeep do."""
    event = AuditEvent(NOW, "authorization.granted", "alpha", "li", None, None, {})
    await stores.people.add(person(), "hash")
    await stores.sessions.start(session())
    await stores.sessions.start(session("s2"))
    await stores.sign_ins.enter(sign_in())
    await stores.grants.issue(grant(), "code", event)
    await stores.grants.issue(grant("g2"), "code 2")
    await stores.registered_clients.add(registered_client(), 9)
    await stores.registered_clients.add(registered_client("c2", vouched=True), 9)
    uris = {"alpha": "http://alpha.localhost/backchannel-logout"}
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: stores.people.by_id("li"),
        lambda: stores.people.for_login("li.beijing"),
        lambda: stores.people.set_level("li", 2, NOW),
        lambda: stores.people.set_frozen("li", False, NOW),
        lambda: stores.login_failures.attempt("li", "::1", NOW),
        lambda: stores.login_failures.undo("li", "::1"),
        lambda: stores.login_failures.clear("li", "::1"),
        lambda: stores.sessions.live("s1", NOW),
        lambda: stores.sessions.live_successor("s1", NOW),
        lambda: stores.sessions.visit("s1", "alpha", NOW),
        lambda: stores.sessions.touch("s1", NOW),
        lambda: stores.sessions.of_person("li", NOW),
        lambda: stores.sessions.lower_level("li", 1),
        lambda: stores.sign_ins.get("sid1"),
        lambda: stores.sign_ins.of_session("s1"),
        lambda: stores.sign_ins.live_of_person("li"),
        lambda: stores.sign_ins.expired_sessions(NOW + 60, 3600),
        lambda: stores.interactions.open(interaction(), 9),
        lambda: stores.interactions.get("i1"),
        lambda: stores.interactions.decided("i1", "allow", "s1"),
        lambda: stores.interactions.complete("i1", NOW),
        lambda: stores.pushed_requests.get("r1"),
        lambda: stores.pushed_requests.use("r1", NOW),
        lambda: stores.registered_clients.get("c1"),
        lambda: stores.registered_clients.replace(registered_client(), moved=True),
        lambda: stores.consents.given("li", "alpha"),
        lambda: stores.consents.give("li", "alpha", {"profile": "consent"}, NOW),
        lambda: stores.consents.of_person("li"),
        lambda: stores.consents.withdraw("li", "alpha", NOW),
        lambda: stores.assertions.use("alpha", "jti", NOW),
        lambda: stores.grants.with_person("g1", "code"),
        lambda: stores.grants.get("g1"),
        lambda: stores.grants.redeem("g1", NOW, "token", NOW + 99),
        lambda: stores.grants.redeem("g2", NOW, None, 0.0),
        lambda: stores.grants.by_refresh_token("token"),
        lambda: stores.grants.rotate("token", "next", NOW + 99, NOW),
        lambda: stores.grants.prolong("next", NOW + 99, NOW),
        lambda: stores.grants.revoke_access_token("jti", NOW),
        lambda: stores.grants.access_token_revoked("jti"),
        lambda: stores.grants.revoke("g2", NOW),
        lambda: stores.grants.revoke_of_person("li", "alpha", NOW),
        lambda: stores.registered_clients.remove("c1", NOW),
        lambda: stores.sessions.succeed("s1", "s2", NOW),
        lambda: stores.sign_ins.end(["sid1"], "test", NOW, uris),
        lambda: stores.sign_ins.end_session("s2", "logged_out", NOW, uris),
        lambda: stores.deliveries.of_session("s1"),
        lambda: stores.deliveries.of_person("li", 9),
        lambda: stores.deliveries.claim(NOW, 30, 5),
        lambda: stores.deliveries.retry(1, NOW, "500"),
        lambda: stores.deliveries.done(1, NOW, "200"),
        stores.deliveries.backlog,
        lambda: stores.audit.record(event),
        stores.audit.newest,
        lambda: stores.audit.entries(0, 9, 9, "chain"),
        lambda: stores.audit_chains.last_seal("chain"),
        lambda: stores.upkeep.sweep(NOW + 400 * 86400),
    ]
    for act in acts:
        await act()


async def test_in_sqlite_every_statement_finds_its_rows_by_a_key_or_an_index(tmp_path: Path, asked: Statements) -> None:
    stores = await open_stores(f"{SQLITE}{tmp_path / 'idp.db'}")
    await ask_everything(stores)
    statements = {sql: values for sql, values in asked.items() if not sql.startswith("PRAGMA")}
    assert len(statements) > 70
    database: sqlite.Database = stores.upkeep.database  # type: ignore[attr-defined]
    through = []
    for sql, values in statements.items():
        for row in database.many(f"EXPLAIN QUERY PLAN {sql}", values):
            first, *rest = str(row["detail"]).split()
            if first == "SCAN" and rest[0] in GROWING and WHAT_WAITS not in rest:
                through.append((row["detail"], sql))
    await stores.upkeep.close()
    assert through == []


async def test_in_postgresql_every_statement_can_find_its_rows_by_an_index(
    database_url: str, asked: Statements
) -> None:
    stores = await open_stores(database_url)
    await ask_everything(stores)
    statements = {sql: values for sql, values in asked.items() if "FROM pg_" not in sql}
    assert len(statements) > 70
    through = []
    with psycopg.connect(database_url) as connection:
        # Tables that are nearly empty are gone through by choice; now only where there is no other way.
        connection.execute("SET enable_seqscan = off")
        for sql, values in statements.items():
            [(plan,)] = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode(), values).fetchall()
            through += [(found, sql) for found in _gone_through(plan[0]["Plan"])]
    await stores.upkeep.close()
    assert through == []


def _gone_through(node: dict[str, Any]) -> list[str]:
    """Return the tables that a plan reads from end to end."""
    through = node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING
    deeper = [name for part in node.get("Plans", []) for name in _gone_through(part)]
    return [node["Relation Name"], *deeper] if through else deeper
