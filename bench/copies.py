"""What a roam costs where several provider processes share one database, and each request goes to any of them.

    .venv/bin/python bench/copies.py [--copies N ...] [--kind KIND ...] [--database DATABASE ...]
        [--roams N] [--rounds N] [--warm-up N]

One process, and so many as each N says, take turns, each set on a database of its own: 16 conversations in a closed
loop, each request of which goes to a process by chance over a connection that stays. All provider processes have one
core together, the load and PostgreSQL have the other. What comes to nothing is counted; it is confirmed after each
round that a replayed code, a wrong verifier and a wrong client are refused whoever is asked.

Printed are medians and ranges of the rounds: CPU milliseconds (user and system) of all provider processes per roam, and
in that of one process in the same round; those of PostgreSQL's processes; roams per second. The exit code is 1 where
anything came to nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import options as told
from contender import Contender, start
from rounds import Rounds, cost, measured, percentiles, ratios, spread


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = told.parser(__doc__)
    parser.add_argument("--checkout", type=told.named_path, default=told.HERE, metavar="NAME=PATH")
    parser.add_argument("--copies", type=told.positive, action="append", help="default: 2 and 4; one is always there")
    parser.add_argument("--warm-up", type=told.positive, default=1000, help="roams of each process before")
    parser.add_argument("--roams", type=told.positive, default=1000, help="roams per round")
    parser.add_argument("--rounds", type=told.positive, default=5)
    options = parser.parse_args()
    numbers = sorted({1, *(options.copies or (2, 4))})
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        databases, kinds = told.databases(options), told.kinds(options)
        contenders = start([options.checkout], kinds, place, stack, databases=databases, copies=numbers)
        rounds = measured(contenders, options.roams, options.rounds, warm_up=options.warm_up, errors_allowed=True)
    print(f"{options.rounds} rounds of {options.roams} roams")
    for first in range(0, len(contenders), len(numbers)):
        _print(contenders[first : first + len(numbers)], rounds)
    return 1 if any(one.errors for figures in rounds.values() for one in figures) else 0


def _print(contenders: Sequence[Contender], rounds: Rounds) -> None:
    for contender in contenders:
        figures, of_one = rounds[contender], rounds[contenders[0]]
        print(f"\n{contender.kind.name}, {contender.name}")
        print(f"  CPU per roam      {spread([cost(one) for one in figures])} ms")
        if contender is not contenders[0]:
            print(f"  in that of one    {spread(ratios(figures, of_one), 3)}")
        if contender.postgres is not None:
            print(f"  and of PostgreSQL {spread([one.database_ms / one.roams for one in figures])} ms")
        print(f"  roams per second  {spread([one.roams / one.seconds for one in figures], 0)}")
        for endpoint in figures[0].waits:
            print(f"  {endpoint:<12} p99  {spread(percentiles([one.waits[endpoint] for one in figures], 99), 1)} ms")
        errors = [error for one in figures for error in one.errors]
        print(f"  errors            {len(errors)}{': ' + errors[0] if errors else ''}")


if __name__ == "__main__":
    sys.exit(main())
