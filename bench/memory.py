"""Memory of the whole region: the proportional set size (PSS) of the process and its children, as the kernel counts it.

    .venv/bin/python bench/memory.py [--runs N] [--requests N] [--limits]

Prints the median and the range of N runs in MB, when all five answer and after some pages of each; with --limits the
exit code is 1 above 150 MB. Linux only: it reads /proc/*/smaps_rollup.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from region_process import RegionProcess

LIMIT_MB = 150
PAGES = ("/", "/healthz", "/jwks")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20, help="rounds of the pages of every service")
    parser.add_argument("--limits", action="store_true", help="fail where the limit is passed")
    options = parser.parse_args()
    started: list[float] = []
    used: list[float] = []
    for _ in range(options.runs):
        with (
            tempfile.TemporaryDirectory(prefix="manyou-bench-") as folder,
            RegionProcess(Path(folder) / "var") as region,
        ):
            started.append(region.pss_mb())
            region.visit(PAGES, options.requests)
            used.append(region.pss_mb())
    for name, values in (("all five answering", started), ("after use", used)):
        print(
            f"memory (PSS), {name}: {statistics.median(values):.0f} MB "
            f"[{min(values):.0f}-{max(values):.0f}], {len(values)} runs, limit {LIMIT_MB} MB"
        )
    return 1 if options.limits and statistics.median(used) > LIMIT_MB else 0


if __name__ == "__main__":
    sys.exit(main())
