"""The stores in one SQLite file: sqlite3 in WAL mode, answered inline since a statement takes some 20 microseconds."""

from __future__ import annotations

from pathlib import Path

from idp.stores.protocols import Stores
from idp.stores.sqlite.audit import SqliteAudit
from idp.stores.sqlite.audit_chains import SqliteAuditChains
from idp.stores.sqlite.consents import SqliteConsents
from idp.stores.sqlite.database import Database
from idp.stores.sqlite.deliveries import SqliteDeliveries
from idp.stores.sqlite.grants import SqliteGrants
from idp.stores.sqlite.interactions import SqliteInteractions
from idp.stores.sqlite.keys import SqliteKeys
from idp.stores.sqlite.once import SqliteAssertions, SqliteLoginFailures
from idp.stores.sqlite.people import SqlitePeople
from idp.stores.sqlite.pushed_requests import SqlitePushedRequests
from idp.stores.sqlite.registered_clients import SqliteRegisteredClients
from idp.stores.sqlite.sessions import SqliteSessions
from idp.stores.sqlite.sign_ins import SqliteSignIns
from idp.stores.sqlite.upkeep import SqliteUpkeep


def open_stores(path: Path, *, patient: bool = False) -> Stores:
    """Open (and make or migrate) the database in `path`; `patient` is for commands, for which nobody else waits."""
    database = Database(path, patient=patient)
    return Stores(
        people=SqlitePeople(database),
        login_failures=SqliteLoginFailures(database),
        sessions=SqliteSessions(database),
        sign_ins=SqliteSignIns(database),
        interactions=SqliteInteractions(database),
        pushed_requests=SqlitePushedRequests(database),
        grants=SqliteGrants(database),
        registered_clients=SqliteRegisteredClients(database),
        consents=SqliteConsents(database),
        assertions=SqliteAssertions(database),
        keys=SqliteKeys(database),
        deliveries=SqliteDeliveries(database),
        audit=SqliteAudit(database),
        audit_chains=SqliteAuditChains(database),
        upkeep=SqliteUpkeep(database),
    )
