"""What a roam costs the provider, of any checkouts and of npm's oidc-provider, side by side in one run.

    .venv/bin/python bench/roam.py [--checkout NAME=PATH ...] [--kind KIND ...] [--no-peer] [--roams N] [--rounds N]

A roam is /authorize with a live session, answered without a page, and /token with PKCE and client authentication, ID
token and access token (a JWT) signed ES256; of a portal on FAPI 2.0 it is /par before that, and a DPoP proof at /token.
The server has one core, the load another: 16 connections in a closed loop, which check every answer, verify a sample of
ID tokens, and confirm that a replayed code, a wrong verifier and a wrong client are refused.

Printed are medians and ranges of the rounds: CPU milliseconds of the server's processes (user and system), roams per
second of time, memory (PSS) after all of them, start-up, and for how long each endpoint kept its caller waiting while
16 were asking. The servers take turns within a round, some roams each, so that they share what else the machine does;
`times` is how many times as many roams per CPU second as the other of the same round. A checkout that does not know a
kind is left out. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from client_kinds import KINDS
from contender import PEER, Contender, Figures, start

TURN = 100
"""Roams until the next server has its turn: what else the machine does changes within seconds."""
WARM_UP = 2000
"""Roams that do not count: imports, caches, and what a compiler learns at run time."""
Rounds = Mapping[Contender, list[Figures]]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [kind.name for kind in KINDS]
    parser.add_argument("--checkout", type=_named_path, action="append", metavar="NAME=PATH", help="default: this one")
    parser.add_argument("--kind", choices=names, action="append", help="default: all of them")
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--roams", type=_positive, default=1000, help="roams per round")
    parser.add_argument("--rounds", type=_positive, default=5)
    options = parser.parse_args()
    checkouts: list[tuple[str, Path]] = options.checkout or [("here", Path(__file__).resolve().parents[1])]
    if len({name for name, _ in checkouts}) < len(checkouts):
        parser.error("every checkout needs a name of its own")
    kinds = [kind for kind in KINDS if kind.name in (options.kind or names)]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        contenders = start(checkouts, kinds, options.peer, place, stack)
        rounds = _rounds(contenders, options.roams, options.rounds)
        memory = {contender: contender.server.pss_mb() for contender in contenders}
    print(f"{options.rounds} rounds of {options.roams} roams")
    for kind in kinds:
        _print([one for one in contenders if isinstance(one.kind, kind)], rounds, memory)
    return 0


def _rounds(contenders: Sequence[Contender], roams: int, rounds: int) -> Rounds:
    _round(contenders, WARM_UP)
    found: dict[Contender, list[Figures]] = defaultdict(list)
    for _ in range(rounds):
        for contender, figures in _round(contenders, roams).items():
            found[contender].append(figures)
        for contender in contenders:
            contender.refuses()
    return found


def _round(contenders: Sequence[Contender], roams: int) -> Mapping[Contender, Figures]:
    totals: dict[Contender, Figures] = defaultdict(Figures)
    for turn, done in enumerate(range(0, roams, TURN)):
        # Turned round each time, so that none is always the one to come first.
        for contender in contenders[:: -1 if turn % 2 else 1]:
            totals[contender].add(contender.measure(min(TURN, roams - done)))
    return totals


def _print(contenders: Sequence[Contender], rounds: Rounds, memory: Mapping[Contender, float]) -> None:
    others = [one for one in contenders[:1] if one.name != PEER] + [one for one in contenders if one.name == PEER]
    for contender in contenders:
        figures = rounds[contender]
        print(f"\n{contender.kind.name}, {contender.name}")
        print(f"  CPU per roam      {_spread([_cost(one) for one in figures])} ms")
        print(
            f"  roams per second  {_spread([one.roams / one.seconds for one in figures], 0)}, one process on one core"
        )
        for endpoint in figures[0].waits:
            waits = [sorted(one.waits[endpoint]) for one in figures]
            for share in (50, 99):
                values = [1000 * each[len(each) * share // 100] for each in waits]
                print(f"  {endpoint:<12} p{share}  {_spread(values, 1)} ms")
        print(f"  memory (PSS)      {memory[contender]:.0f} MB")
        print(f"  start-up          {contender.server.seconds_to_answer:.2f} s")
        for other in others:
            if other is not contender and contender.name != PEER:
                pairs = zip(figures, rounds[other], strict=True)
                print(f"  times {other.name:<18} {_spread([_cost(b) / _cost(a) for a, b in pairs], 3)}")


def _cost(figures: Figures) -> float:
    return figures.cpu_ms / figures.roams


def _spread(values: Sequence[float], digits: int = 2) -> str:
    middle, least, most = (f"{one:.{digits}f}" for one in (statistics.median(values), min(values), max(values)))
    return f"{middle} [{least}-{most}]"


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not name or not equals or not (Path(path) / "idp" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} should be NAME=PATH, the path being a checkout of Manyou.")
    return name, Path(path).resolve()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a number from 1 on.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
