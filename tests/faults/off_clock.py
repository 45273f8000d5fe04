"""A program on a machine whose clock is wrong: `python -m tests.faults.off_clock SECONDS MODULE ARGUMENT ...`.

The real clock goes on; only what it shows is off, by a positive or negative number of seconds.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time

from tests.rules.tracked import ROOT


def command(seconds: float, *module_and_arguments: str) -> list[str]:
    """Return the command line that runs a module by such a clock."""
    return [sys.executable, "-m", "tests.faults.off_clock", str(seconds), *module_and_arguments]


def manyou(seconds: float, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `manyou` by such a clock, to its end."""
    return subprocess.run(
        command(seconds, "lab.cli", *arguments),
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def main() -> None:
    """Set the clock and become the program."""
    off, module, *arguments = sys.argv[1:]
    shown, seconds = time.time, float(off)
    time.time = lambda: shown() + seconds
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
