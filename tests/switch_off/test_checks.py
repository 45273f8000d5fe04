"""What the program that switches checks off takes for a check, and that the switch is one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest

from tests.switch_off import switched
from tests.switch_off.checks import switchable

MODULE = dedent(
    '''
    """A module."""
    from __future__ import annotations
    from typing import NoReturn

    def refuse(text: str) -> NoReturn:
        raise ValueError(text)

    def raised(value):
        if value > 9:
            raise ValueError("large")
        return "taken"

    def called(value):
        if value > 9:
            refuse("large")
        return "taken"

    def returned(value):
        if value > 9:
            return None
        elif value > 8:
            return False
        return "taken"

    def noted(loaded, value):
        if value > 9:
            loaded.why = "large"
        else:
            return "taken"

    def passed_on(value):
        try:
            return raised(value)
        except ValueError:
            raise

    def of_several(value):
        if value is None or not (isinstance(value, int) and 0 < value < 9):
            refuse("no digit")
        return "taken"

    def tells(value) -> bool:
        return isinstance(value, int) and value < 9
    '''
)


@pytest.fixture(autouse=True)
def _all_on() -> Iterator[None]:
    yield
    switched.off = None
    switched.reached.clear()


def made() -> tuple[dict[str, Any], dict[str, int]]:
    """Return the module with its switches, and the numbers of its checks by their lines."""
    source, checks = switchable("module.py", MODULE, itertools.count(1))
    names: dict[str, Any] = {}
    exec(compile(source, "module.py", "exec"), names)
    return names, {f"{check.line} {check.text}": check.number for check in checks}


def test_these_are_checks_and_a_raise_without_anything_is_none() -> None:
    _, numbers = made()
    assert list(numbers) == [
        "7 raise ValueError(text)",
        '11 raise ValueError("large")',
        '16 refuse("large")',
        "20 if value > 9:",
        "22 elif value > 8:",
        "27 if value > 9:",
        "39 part: value is None",
        "39 part: isinstance(value, int)",
        "39 part: 0 < value",
        "39 part: value < 9",
        '40 refuse("no digit")',
        "44 part: isinstance(value, int)",
        "44 part: value < 9",
    ]


@pytest.mark.parametrize("name", ["raised", "called", "passed_on"])
def test_switched_on_everything_is_as_it_was_and_what_is_reached_is_noted(name: str) -> None:
    names, _ = made()
    assert names[name](1) == "taken"
    assert switched.reached == set()
    with pytest.raises(ValueError, match="large"):
        names[name](10)
    assert switched.reached


@pytest.mark.parametrize(
    ("name", "check"),
    [("raised", '11 raise ValueError("large")'), ("called", '16 refuse("large")')],
)
def test_a_check_that_is_switched_off_refuses_nothing(name: str, check: str) -> None:
    names, numbers = made()
    switched.off = numbers[check]
    assert names[name](10) == "taken"
    assert numbers[check] in switched.reached


def test_a_branch_that_is_switched_off_leaves_the_next_one() -> None:
    names, numbers = made()
    assert names["returned"](10) is None
    switched.off = numbers["20 if value > 9:"]
    assert names["returned"](10) is False
    switched.off = numbers["22 elif value > 8:"]
    assert names["returned"](9) == "taken"
    switched.off = numbers["27 if value > 9:"]
    assert names["noted"](object(), 10) == "taken"


@pytest.mark.parametrize(
    ("check", "value"), [("39 part: 0 < value", 0), ("39 part: value < 9", 9), ('40 refuse("no digit")', None)]
)
def test_of_several_conditions_each_is_switched_off_alone(check: str, value: object) -> None:
    names, numbers = made()
    assert names["of_several"](8) == "taken"
    for refused in (None, "8", 0, 9):
        with pytest.raises(ValueError, match="no digit"):
            names["of_several"](refused)
    switched.off = numbers[check]
    assert names["of_several"](value) == "taken"
    assert numbers[check] in switched.reached


def test_of_what_has_to_be_met_for_a_yes_each_is_switched_off_alone() -> None:
    names, numbers = made()
    assert names["tells"](8) is True
    assert names["tells"](9) is False
    switched.off = numbers["44 part: value < 9"]
    assert names["tells"](9) is True
    assert names["tells"]("9") is False
