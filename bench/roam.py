"""What a roam costs the provider, of any checkouts and of npm's oidc-provider, side by side in one run.

    .venv/bin/python bench/roam.py [--checkout NAME=PATH ...] [--kind KIND ...] [--database DATABASE ...] [--no-peer]
        [--roams N] [--rounds N]

A roam is /authorize with a live session, answered without a page, and /token with PKCE and client authentication, ID
token and access token (a JWT) signed ES256; of a portal on FAPI 2.0 it is /par before that, and a DPoP proof at /token.
The server has one core, the load another: 16 connections in a closed loop, which check every answer, verify a sample of
ID tokens, and confirm that a replayed code, a wrong verifier and a wrong client are refused.

Printed are medians and ranges of the rounds: CPU milliseconds of the server's processes (user and system), roams per
second of time, memory (PSS) after all of them, start-up, and for how long each endpoint kept its caller waiting while
16 were asking. The servers take turns within a round, some roams each, so that they share what else the machine does;
`times` is how many times as many roams per CPU second as the other of the same round, `CPU of` the same turned over:
its CPU time in that of the other. A checkout that does not know a kind is left out. Linux only: it reads /proc.

PostgreSQL runs as it comes (fsync on) on the load's core; what its processes use is not the server's and is printed
apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import options as told
from contender import PEER, Contender, start
from rounds import Rounds, cost, measured, percentiles, ratios, spread


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = told.parser(__doc__)
    parser.add_argument(
        "--checkout", type=told.named_path, action="append", metavar="NAME=PATH", help="default: this one"
    )
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--roams", type=told.positive, default=1000, help="roams per round")
    parser.add_argument("--rounds", type=told.positive, default=5)
    options = parser.parse_args()
    checkouts: list[tuple[str, Path]] = options.checkout or [told.HERE]
    if len({name for name, _ in checkouts}) < len(checkouts):
        parser.error("every checkout needs a name of its own")
    kinds = told.kinds(options)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        databases = told.databases(options)
        contenders = start(checkouts, kinds, place, stack, databases=databases, peer=options.peer)
        rounds = measured(contenders, options.roams, options.rounds)
        memory = {contender: contender.servers[0].pss_mb() for contender in contenders}
    print(f"{options.rounds} rounds of {options.roams} roams")
    for kind in kinds:
        _print([one for one in contenders if isinstance(one.kind, kind)], rounds, memory)
    return 0


def _print(contenders: Sequence[Contender], rounds: Rounds, memory: Mapping[Contender, float]) -> None:
    others = [one for one in contenders[:1] if one.name != PEER] + [one for one in contenders if one.name == PEER]
    for contender in contenders:
        figures = rounds[contender]
        print(f"\n{contender.kind.name}, {contender.name}")
        print(f"  CPU per roam      {spread([cost(one) for one in figures])} ms")
        if contender.postgres is not None:
            print(f"  and of PostgreSQL {spread([one.database_ms / one.roams for one in figures])} ms")
        print(f"  roams per second  {spread([one.roams / one.seconds for one in figures], 0)}, one process on one core")
        for endpoint in figures[0].waits:
            for share in (50, 99):
                values = percentiles([one.waits[endpoint] for one in figures], share)
                print(f"  {endpoint:<12} p{share}  {spread(values, 1)} ms")
        print(f"  memory (PSS)      {memory[contender]:.0f} MB")
        print(f"  start-up          {contender.servers[0].seconds_to_answer:.2f} s")
        for other in others:
            if other is not contender and contender.name != PEER:
                print(f"  times  {other.name:<18} {spread(ratios(rounds[other], figures), 3)}")
                print(f"  CPU of {other.name:<18} {spread(ratios(figures, rounds[other]), 3)}")


if __name__ == "__main__":
    sys.exit(main())
