"""The suite ends some modules once the page that they ask for is handed over: nobody logs in after that."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.browser import Person
from conformance.configurations import REUSED_REQUEST_URI, SHOWN_LOGIN, Deployment, configuration
from conformance.plans import PLANS as MEASURED

DEPLOYMENT = Deployment(
    issuer="https://idp.example",
    suite="https://suite.example",
    person=Person("somebody", "a password"),
    refuser=Person("somebody.else", "a password"),
)


@pytest.mark.parametrize("module", [*SHOWN_LOGIN, REUSED_REQUEST_URI])
def test_a_module_that_ends_with_the_login_page_is_not_shown_it_and_logged_in_to_at_once(module: str) -> None:
    scripts = configuration(MEASURED[0], DEPLOYMENT, [])["override"][module]["browser"]
    assert [_shows(script) and _logs_in(script) for script in scripts] == [False] * len(scripts)


@pytest.mark.parametrize("module", SHOWN_LOGIN)
def test_a_module_that_asks_for_the_login_page_is_shown_it(module: str) -> None:
    [script] = configuration(MEASURED[0], DEPLOYMENT, [])["override"][module]["browser"]
    assert _shows(script)


def test_the_module_that_reuses_a_request_uri_is_logged_in_to_at_its_second_visit_only() -> None:
    first, second = configuration(MEASURED[0], DEPLOYMENT, [])["override"][REUSED_REQUEST_URI]["browser"]
    assert (first["match-limit"], _logs_in(first), _logs_in(second)) == (1, False, True)


def _commands(script: dict[str, Any]) -> list[list[Any]]:
    return [command for task in script["tasks"] if "/login" in task["match"] for command in task["commands"]]


def _shows(script: dict[str, Any]) -> bool:
    return any(str(command[-1]).startswith("update-image-placeholder") for command in _commands(script))


def _logs_in(script: dict[str, Any]) -> bool:
    return ["click", "id", "login-submit"] in _commands(script)
