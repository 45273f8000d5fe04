"""The region that the tests walk through: real sockets, real HTTP, a state folder of its own in each test process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

from lab.region import RegionThread
from tests.browser import launch, new_page
from tests.postgres import PostgresServer
from web.connect import DEFAULT_MAP, ConnectMap, MappedSyncTransport

# The settings of whoever runs the tests are not the tests'.
for _name in [name for name in os.environ if name.startswith("MANYOU_")]:
    del os.environ[_name]

# How long an example takes is the machine's affair: bench/ measures.
settings.register_profile("manyou", parent=settings.default, deadline=None)
settings.load_profile("manyou")

HttpFactory = Callable[..., httpx.Client]
RegionFactory = Callable[..., RegionThread]


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    """One region for every test that changes nothing in it which another test would notice."""
    with RegionThread(tmp_path_factory.mktemp("region") / "var") as running:
        yield running


@pytest.fixture
def make_region(tmp_path: Path) -> Iterator[RegionFactory]:
    """A region of the test's own: to stop services of, to turn the clock of, to add a portal to."""
    with ExitStack() as stack:

        def make(var: Path | None = None, **options: Any) -> RegionThread:
            return stack.enter_context(RegionThread(var or tmp_path / "var", **options))

        yield make


@pytest.fixture
def http() -> Iterator[HttpFactory]:
    """A new person's client at each call: cookies of its own, no redirect followed unless told."""
    with ExitStack() as stack:

        def make(**options: Any) -> httpx.Client:
            transport = MappedSyncTransport(ConnectMap.parse(DEFAULT_MAP))
            client = httpx.Client(transport=transport, timeout=20, trust_env=False, **options)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module, in which no test can have an event loop of its own: Playwright's runs there."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at a desk, in Chinese, in a profile that knows nobody."""
    with new_page(browser) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for every test of this process that does not stop it."""
    with PostgresServer() as running:
        yield running


@pytest.fixture
def database_url(postgres: PostgresServer) -> str:
    """The address of a database that is empty."""
    return postgres.fresh()
