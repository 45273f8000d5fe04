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

TESTS = ["tests/idp", "tests/bad_input"]


def main() -> int:
    """Make the copy, put the switches in, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.switch_off", description=__doc__)
    parser.add_argument("places", nargs="+", help="files and folders whose checks are switched off")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests that should notice")
    parser.add_argument("--minutes", type=float, default=60, help="begin no check after that")
    parser.add_argument("--only", default="", help="only checks whose line or file holds this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="manyou-switched-off-") as folder:
        copy = Path(folder)
        for path in tracked():
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        checks = [one for one in put_in(copy, options.places, itertools.count(1)) if options.only in str(one)]
        plan = {
            "checks": [(one.number, str(one)) for one in checks],
            "tests": options.tests,
            "minutes": options.minutes,
        }
        (copy / "plan.json").write_text(json.dumps(plan), "utf-8")
        return subprocess.run([sys.executable, "-m", "tests.switch_off.running"], cwd=copy, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
