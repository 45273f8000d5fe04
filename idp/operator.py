"""What an operator does by command, while the provider runs or not: keys, people, the audit.

Works on the same database; the running provider notices rotated keys within KeyRing's REFRESH_SECONDS and sends what
was queued within the delivery queue's POLL_SECONDS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from idp import keys as signing_keys
from idp.audit import Auditor
from idp.audit_chain import SECRET, Sealer
from idp.clients import Clients
from idp.oauth.registered_client import all_clients
from idp.oauth.registration import load_clients
from idp.people.sign_outs import SignOuts
from idp.settings import BadSettings, Settings
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from web.clock import Clock, system_clock
from web.database_address import sqlite_file
from web.unavailable import StoreUnavailable


@dataclass(frozen=True)
class Operator:
    """The parts of the provider that commands work with."""

    settings: Settings
    stores: Stores
    keys: signing_keys.KeyRing
    sign_outs: SignOuts
    auditor: Auditor
    clients: Clients


@asynccontextmanager
async def operator(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[Operator]:
    """Open the provider's state for a command. Raises BadSettings if there is none yet, or its secret is another."""
    file = sqlite_file(settings.idp_database)
    if file is not None and not file.exists():
        raise BadSettings(f"There is no state in {settings.var} yet: start the provider once (make run).")
    secret, _ = signing_keys.key_secret(settings)
    try:
        stores = await open_stores(settings.idp_database, patient=True)
    except (StoreUnavailable, RuntimeError) as error:
        raise BadSettings(str(error)) from error
    try:
        auditor = Auditor(stores, clock)
        ring = signing_keys.KeyRing(stores.keys, signing_keys.Vault(secret), clock)
        await ring.refresh(force=True)
        if not ring.rows():
            raise BadSettings("There is no state in the database yet: start the provider once.")
        clients = all_clients(load_clients(settings), stores.registered_clients, settings.features)
        sign_outs = SignOuts(stores, clients, auditor, clock)
        try:
            yield Operator(settings, stores, ring, sign_outs, auditor, clients)
        finally:
            await Sealer(stores, auditor, await ring.secret(SECRET), clock).close()
    finally:
        await stores.upkeep.close()
