"""Each module of each plan has its test, which is run in each of its variants; and no test is without a module."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from conformance import plans as conformance_plans
from tests.conformance.plans import name_of_test, plan_names, variants

COUNTS = {
    "oidcc-config": 1,
    "oidcc-basic": 38,
    "oidcc-basic-static": 35,
    "oidcc-formpost-basic": 38,
    "oidcc-dynamic": 23,
    "oidcc-rp-initiated-logout": 11,
    "oidcc-backchannel-rp-initiated-logout": 2,
    "oidcc-frontchannel-rp-initiated-logout": 2,
    "oidcc-session-management": 2,
    "oidcc-3rdparty-init-login": 2,
    "oidcc-implicit": 58,
    "oidcc-hybrid": 102,
    "oidcc-formpost-implicit": 58,
    "oidcc-formpost-hybrid": 102,
    "fapi2-security-profile": 56,
    "fapi2-message-signing": 70,
    "fapi2-message-signing-jarm": 70,
}
"""How many times the suite runs a module of the plan, as its own web pages count them."""


def _files() -> dict[tuple[str, ...], set[str]]:
    """Return, for each file of modules, its plans and the names of its tests."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        file = import_module(f"tests.conformance.{path.stem}")
        if hasattr(file, "PLANS"):
            places = [file, *(value for name, value in vars(file).items() if name.startswith("Test"))]
            found[file.PLANS] = {name for place in places for name in dir(place) if name.startswith("test_")}
    return found


def test_the_plans_are_those_that_the_provider_is_measured_with() -> None:
    assert plan_names() == list(COUNTS)
    assert sorted(COUNTS) == sorted(plan.name for plan in conformance_plans.PLANS)


@pytest.mark.parametrize("plan", list(COUNTS))
def test_every_module_of_the_plan_has_its_test(plan: str) -> None:
    runs = variants(plan)
    assert len(runs) == COUNTS[plan]
    [tests] = [tests for plans, tests in _files().items() if plan in plans]
    assert {name_of_test(run.module) for run in runs} - tests == set()


@pytest.mark.parametrize(("plans", "tests"), _files().items(), ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_every_test_of_a_plan_has_its_module(plans: tuple[str, ...], tests: set[str]) -> None:
    assert tests - {name_of_test(run.module) for plan in plans for run in variants(plan)} == set()


@pytest.mark.parametrize("plan", list(COUNTS))
def test_no_module_is_run_twice_in_one_variant(plan: str) -> None:
    assert set(Counter((run.module, run.response_type) for run in variants(plan)).values()) == {1}
