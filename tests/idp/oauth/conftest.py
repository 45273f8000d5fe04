"""What the dense logic needs: the registered clients, signing keys, and an authorization request to spoil."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from idp.clients import Clients
from idp.keys import KeyRing, Vault
from idp.oauth.incoming import Sources
from idp.oauth.registration import load_clients
from idp.settings import Settings
from idp.stores.sqlite import open_stores
from tests.idp.oauth.checker import NOW, Checker
from tests.replaced import replace
from web.clock import SettableClock


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(port_base=8000)


@pytest.fixture(scope="session")
def clients(settings: Settings) -> Clients:
    """The portals as clients of OpenID Connect alone; a test that is about more says so."""
    plain = {"profile": "oidc", "require_pushed_authorization_requests": False, "dpop_bound_access_tokens": False}
    return Clients(replace(client, **plain) for client in load_clients(settings))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyRing]:
    """Signing keys, made once: an RSA key takes a tenth of a second."""
    stores = open_stores(tmp_path_factory.mktemp("keys") / "idp.db")
    ring = KeyRing(stores.keys, Vault("a secret of thirty-two characters"), SettableClock(NOW))
    asyncio.run(ring.prepare())
    yield ring
    asyncio.run(stores.upkeep.close())


@pytest.fixture(scope="session")
def check(
    clients: Clients, keys: KeyRing, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checker]:
    stores = open_stores(tmp_path_factory.mktemp("requests") / "idp.db")
    yield Checker(Sources(clients, stores.pushed_requests, lambda: NOW), keys, settings.issuer)
    asyncio.run(stores.upkeep.close())
