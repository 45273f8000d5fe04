"""Runs in the copy: which tests reach which check, and which fail without it; each run is a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import tests.conftest  # noqa: F401 - so that no process has to import it all again
from tests.switch_off import switched

SURVEY_SECONDS = 3600
FIRST, ALL = 6, 40
"""How many of the tests that reach a check are tried at first, the quickest, and how many at all."""
LONGEST_TEST = 10.0
BROKEN = 99
OPTIONS = ["-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
# What is imported before the processes part is not rewritten, and need not be: no assertion of ours is in it.
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]


class Survey:
    """Notes of each test which checks it reaches and how long it takes."""

    def __init__(self) -> None:
        self.tests: dict[str, tuple[float, list[int]]] = {}
        self._failed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave those in a browser out: they reach nothing that others do not."""
        items[:] = [item for item in items if "browser" not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        """Run one test."""
        switched.reached.clear()
        started = time.monotonic()
        done = yield
        if item.nodeid not in self._failed:
            self.tests[item.nodeid] = (time.monotonic() - started, sorted(switched.reached))
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Leave those out that fail anyway: they would notice everything."""
        if report.failed:
            self._failed.add(report.nodeid)


def survey(tests: list[str]) -> dict[int, list[str]]:
    """Run the tests with every check on; return the tests that reach each check, the quickest first."""
    note = Path("survey.json")

    def run() -> int:
        noted = Survey()
        code = pytest.main([*OPTIONS, *tests], plugins=[noted])
        note.write_text(json.dumps(noted.tests), "utf-8")
        return int(code)

    code = in_a_process(run, SURVEY_SECONDS)
    found: dict[str, tuple[float, list[int]]] = json.loads(note.read_text("utf-8")) if note.exists() else {}
    if code not in (0, 1) or not found:
        raise SystemExit(f"The survey ended with {code}:\n{Path('output.txt').read_text('utf-8')[-3000:]}")
    tests_of: dict[int, list[str]] = {}
    for test, (_, reached) in sorted(found.items(), key=lambda one: one[1][0]):
        for number in reached:
            tests_of.setdefault(number, []).append(test)
    slow = {test for test, (seconds, _) in found.items() if seconds > LONGEST_TEST}
    return {number: [one for one in tests if one not in slow] or tests for number, tests in tests_of.items()}


def noticed(number: int, tests: list[str]) -> bool:
    """Tell whether one of the tests that reach the check fails where it is off; hanging is failing."""
    for some in (tests[:FIRST], tests[FIRST:ALL]):
        if some and in_a_process(lambda some=some: _without(number, some), 60 + LONGEST_TEST * len(some)) != 0:  # type: ignore[misc]
            return True
    return False


def _without(number: int, tests: list[str]) -> int:
    switched.off = number
    return int(pytest.main([*OPTIONS, "-x", *tests]))


def in_a_process(run: Callable[[], int], seconds: float) -> int:
    """Run it in a copy of this process, which has everything imported already; -1 if it takes too long."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        code = BROKEN
        try:
            output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            code = run()
        finally:
            # Whatever is raised in here belongs to this process alone.
            traceback.print_exc()
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def main() -> None:
    """Read what is to be done from the copy's plan, and print what nobody noticed."""
    plan = json.loads(Path("plan.json").read_text("utf-8"))
    until = time.monotonic() + 60 * plan["minutes"]
    tests_of = survey(plan["tests"])
    unnoticed, unreached, left = [], [], 0
    for number, text in plan["checks"]:
        if number not in tests_of:
            unreached.append(text)
            print(f"not reached  {text}", flush=True)
        elif time.monotonic() > until:
            left += 1
        elif not noticed(number, tests_of[number]):
            unnoticed.append(text)
            print(f"not noticed  {text}  ({len(tests_of[number])} tests reach it)", flush=True)
    print(f"{len(plan['checks'])} checks, {len(unreached)} not reached, {len(unnoticed)} not noticed, {left} not tried")
    sys.exit(bool(unnoticed or unreached or left))


if __name__ == "__main__":
    main()
