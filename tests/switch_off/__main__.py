"""python -m tests.switch_off PLACE...: which checks in these files and folders does no test notice?"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rules.tracked import ROOT, tracked
from tests.switch_off.checks import put_in

PROVIDERS = ["tests/idp", "tests/bad_input", "tests/machines", "tests/journeys"]
TESTS = {
    "idp": PROVIDERS,
    "web": ["tests/web", *PROVIDERS, "tests/portals"],
    "portals": ["tests/portals", "tests/journeys"],
    "lab": ["tests/lab", "tests/journeys"],
}
"""Which tests should notice, by the package that the place is in."""


def main() -> int:
    """Make the copy, put the switches in, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.switch_off", description=__doc__)
    parser.add_argument("places", nargs="+", help="files and folders whose checks are switched off")
    parser.add_argument("--tests", nargs="+", help="the tests that should notice, if not the places' own")
    parser.add_argument("--minutes", type=float, default=60, help="begin no check after that")
    parser.add_argument("--only", nargs="+", default=[""], help="only checks whose file:line: text holds one of these")
    parser.add_argument("--parallel", type=int, default=2, help="how many processes run tests at a time")
    parser.add_argument("--keep", type=Path, help="keep the copy in this folder; where there is one, go on with it")
    options = parser.parse_args()
    tests = options.tests or list(
        dict.fromkeys(test for place in options.places for test in TESTS[Path(place).parts[0]])
    )
    with tempfile.TemporaryDirectory(prefix="manyou-switched-off-") as folder:
        copy = options.keep or Path(folder)
        if not (copy / "checks.json").exists():
            _make(copy, options.places)
        checks = json.loads((copy / "checks.json").read_text("utf-8"))
        plan = {
            "checks": [(number, text) for number, text in checks if any(one in text for one in options.only)],
            "tests": tests,
            "minutes": options.minutes,
            "parallel": options.parallel,
        }
        (copy / "plan.json").write_text(json.dumps(plan), "utf-8")
        return subprocess.run([sys.executable, "-m", "tests.switch_off.running"], cwd=copy, check=False).returncode


def _make(copy: Path, places: list[str]) -> None:
    for path in tracked():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    checks = [(one.number, str(one)) for one in put_in(copy, places, itertools.count(1))]
    (copy / "checks.json").write_text(json.dumps(checks), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
