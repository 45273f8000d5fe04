"""One provider for all tests that only need people and clients of their own, and a way to start others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.idp.provider import Provider, other_clients, strict_clients
from tests.portal_client import PortalClient
from tests.visitor import Visitor

ClientFactory = Callable[..., PortalClient]
ProviderFactory = Callable[..., Provider]


@pytest.fixture(scope="session")
def shared_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider with clients that prove who they are in other ways: see tests.idp.provider.other_clients."""
    with Provider(tmp_path_factory.mktemp("other"), other_clients) as running:
        yield running


@pytest.fixture(scope="session")
def shared_strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the certification set with clients of FAPI 2.0: see tests.idp.provider.strict_clients."""
    with Provider(tmp_path_factory.mktemp("strict"), strict_clients, idp_features="certification") as running:
        yield running


@pytest.fixture
def strict(shared_strict: Provider) -> Iterator[Provider]:
    """The provider with clients of FAPI 2.0, past all that an earlier test left."""
    shared_strict.clock.advance(4000)
    yield shared_strict
    shared_strict.say_goodbye()


@pytest.fixture
def provider(shared_provider: Provider) -> Iterator[Provider]:
    """The provider that tests share: its clock may be moved on, never back; people log in anew in each test."""
    # Past every delay that an earlier test earned, and every interaction and code that it left.
    shared_provider.clock.advance(4000)
    yield shared_provider
    shared_provider.say_goodbye()


@pytest.fixture
def make_provider(tmp_path: Path) -> Iterator[ProviderFactory]:
    """A provider of the test's own: to restart, to rotate keys of, to register other clients at."""
    with ExitStack() as stack:

        def make(*arguments: Any, **options: Any) -> Provider:
            return stack.enter_context(Provider(tmp_path, *arguments, **options))

        yield make


@pytest.fixture
def client_factory(provider: Provider) -> ClientFactory:
    """The shared provider's clients by name: see tests.idp.provider.usual_clients."""
    return provider.client


@pytest.fixture
def client(provider: Provider) -> PortalClient:
    """The client `alpha`, which has every right."""
    return provider.client("alpha")


@pytest.fixture
def visitor(provider: Provider) -> Visitor:
    """A new browser."""
    return provider.visitor()
