"""One provider for all plans in a test process, a person whose session lives on, and the client of the module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.party import Party
from tests.conformance.plans import Variant, name_of_test, variants
from tests.conformance.suite import Suite
from tests.visitor import Visitor


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's test once for each of the plans named in PLANS, in each variant that modules.toml lists."""
    if "variant" not in metafunc.fixturenames:
        return
    plans: tuple[str, ...] = metafunc.module.PLANS
    name = metafunc.function.__name__
    runs = [run for plan in plans for run in variants(plan) if name_of_test(run.module) == name]
    metafunc.parametrize("variant", runs, ids=[run.name for run in runs])


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    with Suite(tmp_path_factory.mktemp("conformance")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(suite: Suite) -> Visitor:
    """The browser of somebody who is logged in, or will be asked to just once."""
    return suite.browser()


@pytest.fixture
def stranger(suite: Suite) -> Visitor:
    """The browser of somebody who is not logged in."""
    return suite.browser()


@pytest.fixture
def party(suite: Suite, variant: Variant) -> Party:
    """The first client of the module's plan."""
    return suite.party(variant)


@pytest.fixture
def other(suite: Suite, variant: Variant) -> Party:
    """The plan's second client."""
    return suite.party(variant, "client2")
