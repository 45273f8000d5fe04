"""The stores in a PostgreSQL database, which any number of provider processes may share."""

from __future__ import annotations

from idp.stores.postgres.audit import PostgresAudit
from idp.stores.postgres.audit_chains import PostgresAuditChains
from idp.stores.postgres.consents import PostgresConsents
from idp.stores.postgres.deliveries import PostgresDeliveries
from idp.stores.postgres.grants import PostgresGrants
from idp.stores.postgres.interactions import PostgresInteractions
from idp.stores.postgres.keys import PostgresKeys
from idp.stores.postgres.migrations import migrate
from idp.stores.postgres.once import PostgresAssertions, PostgresLoginFailures
from idp.stores.postgres.people import PostgresPeople
from idp.stores.postgres.pushed_requests import PostgresPushedRequests
from idp.stores.postgres.registered_clients import PostgresRegisteredClients
from idp.stores.postgres.sessions import PostgresSessions
from idp.stores.postgres.sign_ins import PostgresSignIns
from idp.stores.postgres.upkeep import PostgresUpkeep
from idp.stores.protocols import Stores
from web.postgres import Database


async def open_stores(url: str) -> Stores:
    """Open (and make or migrate) the database at `url`. Raises StoreUnavailable."""
    await migrate(url)
    database = Database(url)
    await database.open()
    return Stores(
        people=PostgresPeople(database),
        login_failures=PostgresLoginFailures(database),
        sessions=PostgresSessions(database),
        sign_ins=PostgresSignIns(database),
        interactions=PostgresInteractions(database),
        pushed_requests=PostgresPushedRequests(database),
        grants=PostgresGrants(database),
        registered_clients=PostgresRegisteredClients(database),
        consents=PostgresConsents(database),
        assertions=PostgresAssertions(database),
        keys=PostgresKeys(database),
        deliveries=PostgresDeliveries(database),
        audit=PostgresAudit(database),
        audit_chains=PostgresAuditChains(database),
        upkeep=PostgresUpkeep(database),
    )
