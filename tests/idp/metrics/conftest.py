"""A provider that tells Prometheus, and a look at what it tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.idp.conftest import ProviderFactory
from tests.idp.provider import Provider
from tests.scrape import SHOWN, TOKEN, Scrape

Look = Callable[[], Scrape]


@pytest.fixture
def told(make_provider: ProviderFactory) -> Provider:
    """A provider with MANYOU_METRICS_TOKEN set."""
    provider: Provider = make_provider(metrics_token=TOKEN)
    return provider


@pytest.fixture
def look(told: Provider) -> Look:
    """Ask /metrics now."""
    return lambda: Scrape(told.http().get(f"{told.issuer}/metrics", headers=SHOWN))
