"""Runs in the copy: which tests reach which check, and which fail without it; each run is a process of its own.

It leaves `survey.json`, the tests with their seconds and the checks that they reach, and `results.jsonl`, one line for
each check that was tried; where these are there already, it goes on from them. The tests are collected once, and what
they import is imported once: each run is a copy of this process.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401 - its plugin would import it at the end of every run
import pytest
from _pytest.runner import pytest_sessionfinish as tear_down

from tests.switch_off import switched
from tests.switch_off.processes import BROKEN, HUNG, begin, end

SURVEY_SECONDS = 7200
FIRST, SECONDS = 6, 30.0
"""How many of the tests that reach a check are tried at first, the quickest, and then others of so many seconds."""
LONGEST_TEST = 10.0
SURVEYED, RESULTS = Path("survey.json"), Path("results.jsonl")
OPTIONS = ["-q", "-n0", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", "--tb=short"]
OPTIONS += ["--basetemp", "tmp", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
FAILED = 1

Check = tuple[int, str]


class Trials:
    """A plugin that runs the tests in its own way: all of them once for the survey, then some for each check."""

    def __init__(self, checks: list[Check], minutes: float, parallel: int) -> None:
        self.complaints = 0
        self._checks = checks
        self._seconds = 60 * minutes
        self._parallel = parallel
        self._failed: list[str] = []
        self._took: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave those in a browser out: they reach nothing that others do not."""
        items[:] = [item for item in items if "browser" not in getattr(item, "fixturenames", ())]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests fail, and when."""
        if report.failed:
            self._failed.append(f"{report.nodeid} ({report.when})")
            print(report.longreprtext, flush=True)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do it, and print what nobody noticed."""
        until = time.monotonic() + self._seconds
        # Made here: each process that finds none would clear it.
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        if not SURVEYED.exists():
            self._survey(session)
        found: dict[str, tuple[float, list[int]]] = json.loads(SURVEYED.read_text("utf-8"))
        self._took = {name: seconds for name, (seconds, _) in found.items()}
        tests_of = _tests_of(session.items, found)
        unreached = [text for number, text in self._checks if number not in tests_of]
        before = _results()
        for text in unreached:
            print(f"not reached  {text}", flush=True)
        for number, text in self._checks:
            if before.get(number) == "":
                print(f"not noticed  {text}", flush=True)
        to_do = [one for one in self._checks if one[0] in tests_of and one[0] not in before]
        # What few tests reach first: there is most to be found.
        to_do.sort(key=lambda one: len(tests_of[one[0]]))
        workers = [
            begin(lambda worker=worker: self._try(to_do[worker :: self._parallel], tests_of, until, worker))  # type: ignore[misc]
            for worker in range(self._parallel)
        ]
        broken = sum(end(worker, float("inf")) != 0 for worker in workers)
        after = _results()
        unnoticed = sum(after.get(number) == "" for number, _ in self._checks)
        left = sum(number in tests_of and number not in after for number, _ in self._checks)
        print(f"{len(self._checks)} checks, {len(unreached)} not reached, {unnoticed} not noticed, {left} not tried")
        self.complaints = len(unreached) + unnoticed + left + broken
        return True

    def _survey(self, session: pytest.Session) -> None:
        started = time.monotonic()
        # Whole files, so that a module's fixtures are made once.
        files = sorted({item.path for item in session.items})
        shares = [set(files[share :: self._parallel]) for share in range(self._parallel)]
        children = [
            begin(
                lambda share=share, files=files: self._survey_of(  # type: ignore[misc]
                    session, [item for item in session.items if item.path in files], share
                ),
                Path(f"survey-{share}.txt"),
            )
            for share, files in enumerate(shares)
        ]
        found: dict[str, Any] = {}
        for share, child in enumerate(children):
            code = end(child, SURVEY_SECONDS)
            if code != 0:
                said = Path(f"survey-{share}.txt").read_text("utf-8")[-3000:]
                raise SystemExit(f"The survey ended with {code}:\n{said}")
            found |= json.loads(Path(f"survey-{share}.json").read_text("utf-8"))
        SURVEYED.write_text(json.dumps(found), "utf-8")
        print(f"surveyed {len(found)} tests in {time.monotonic() - started:.0f} s", flush=True)

    def _survey_of(self, session: pytest.Session, items: list[pytest.Item], share: int) -> int:
        noted: dict[str, tuple[float, list[int]]] = {}
        by_programs = Path(f"reached-{share}.txt").resolve()
        os.environ[switched.NOTE] = str(by_programs)
        for item, following in zip(items, [*items[1:], None], strict=False):
            switched.reached.clear()
            self._failed.clear()
            by_programs.write_text("", "utf-8")
            started = time.monotonic()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            # One that fails anyway would notice everything.
            if not self._failed:
                reached = switched.reached | {int(line) for line in by_programs.read_text("utf-8").splitlines()}
                noted[item.nodeid] = (time.monotonic() - started, sorted(reached))
        Path(f"survey-{share}.json").write_text(json.dumps(noted), "utf-8")
        return 0

    def _try(self, checks: list[Check], tests_of: dict[int, list[pytest.Item]], until: float, worker: int) -> int:
        for done, (number, text) in enumerate(checks, 1):
            if time.monotonic() > until:
                break
            by = self._noticed(number, tests_of[number], worker)
            with RESULTS.open("a", encoding="utf-8") as results:
                results.write(json.dumps((number, by)) + "\n")
            if not by:
                print(f"not noticed  {text}  ({len(tests_of[number])} tests reach it)", flush=True)
            if done % 20 == 0:
                print(f"             {done} of {len(checks)} by process {worker}", flush=True)
        return 0

    def _noticed(self, number: int, items: list[pytest.Item], worker: int) -> str:
        """Return which of the tests that reach the check fails where it is off, '' if none; hanging is failing."""
        output, note = Path(f"output-{number}.txt"), Path(f"noticed-{worker}.txt")
        for some in filter(None, (items[:FIRST], items[FIRST : self._most(items)])):
            child = begin(lambda some=some: self._without(number, some, note), output)  # type: ignore[misc]
            code = end(child, 60 + LONGEST_TEST * len(some))
            if code == HUNG:
                return "it hangs"
            if code == FAILED:
                return note.read_text("utf-8")
            if code == BROKEN:
                raise SystemExit(f"{number}:\n{output.read_text('utf-8')[-3000:]}")
        return ""

    def _most(self, items: list[pytest.Item]) -> int:
        """Return how many of these tests may be tried, by the seconds that they took."""
        sums = itertools.accumulate(self._took[item.nodeid] for item in items)
        return sum(seconds <= SECONDS for seconds in sums)

    def _without(self, number: int, items: list[pytest.Item], note: Path) -> int:
        switched.off = number
        os.environ[switched.OFF] = str(number)
        for item, following in zip(items, [*items[1:], None], strict=False):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                note.write_text(self._failed[0], "utf-8")
                tear_down(item.session)
                return FAILED
        return 0


def _tests_of(items: list[pytest.Item], found: dict[str, tuple[float, list[int]]]) -> dict[int, list[pytest.Item]]:
    """Return the tests that reach each check, the quickest first, slow ones only where there are no others."""
    named = {item.nodeid: item for item in items}
    tests_of: dict[int, list[pytest.Item]] = {}
    for name, (_, reached) in sorted(found.items(), key=lambda one: one[1][0]):
        for number in reached if name in named else ():
            tests_of.setdefault(number, []).append(named[name])
    slow = {name for name, (seconds, _) in found.items() if seconds > LONGEST_TEST}
    return {number: [one for one in tests if one.nodeid not in slow] or tests for number, tests in tests_of.items()}


def _results() -> dict[int, str]:
    lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else []
    return dict(json.loads(line) for line in lines)


def main() -> None:
    """Read what is to be done from the copy's plan, and do it."""
    plan = json.loads(Path("plan.json").read_text("utf-8"))
    trials = Trials([(number, text) for number, text in plan["checks"]], plan["minutes"], plan["parallel"])
    code = pytest.main([*OPTIONS, *plan["tests"]], plugins=[trials])
    sys.exit(code or bool(trials.complaints))


if __name__ == "__main__":
    main()
