"""Time from the start of the program to all five services answering, with an empty state folder and with a used one.

    .venv/bin/python bench/start_up.py [--runs N] [--limits]

Prints the median and the range of N runs in seconds; with --limits the exit code is 1 above 4 s (empty) or 2 s (used).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from region_process import RegionProcess

LIMITS = {"empty state": 4.0, "used state": 2.0}


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limits", action="store_true", help="fail where a limit is passed")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in LIMITS}
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="manyou-bench-") as folder:
            for name in LIMITS:
                with RegionProcess(Path(folder) / "var") as region:
                    seconds[name].append(region.seconds_to_answer)
    for name, values in seconds.items():
        print(
            f"start-up, {name}: {statistics.median(values):.2f} s "
            f"[{min(values):.2f}-{max(values):.2f}], {len(values)} runs, limit {LIMITS[name]:.0f} s"
        )
    late = any(statistics.median(values) > LIMITS[name] for name, values in seconds.items())
    return 1 if options.limits and late else 0


if __name__ == "__main__":
    sys.exit(main())
