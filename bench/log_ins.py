"""How long a roam takes at half of the full rate while people log in, and how long they wait for that.

    .venv/bin/python bench/log_ins.py [--checkout NAME=PATH ...] [--kind KIND ...] [--database DATABASE ...]
        [--log-ins N] [--seconds N] [--rounds N] [--burden N] [--one-core]

One provider process may use all cores, of which the load, and PostgreSQL where it is used, have one too; with
`--one-core` it has the other one alone, for roams and passwords together. In each round the full rate is measured first
(16 connections in a closed loop), then for some seconds each:

- roams alone, begun at fixed times at half of that rate (an open loop: what a roam took is counted from when it was to
  begin, whoever was late);
- the same while N people a second log in besides: /authorize without a session, the page, its form with password,
  cookies and CSRF token, /authorize again, and the code redeemed; argon2id at the parameters of the provider;
- log-ins alone.

`of it waiting` is the share of the time from the password to its answer that was not spent in the same with nothing
else going on. `--burden` puts so many programs that only calculate beside the provider on its core.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import options as told
from browser import log_in
from burden import burden
from client_kinds import ClientSecretBasic
from contender import SAMPLE, Contender, start
from http_messages import BadAnswer
from load import Conversation
from open_load import OpenLoad, Stream
from rounds import WARM_UP, percentiles, spread

PEOPLE = ("li.beijing", "gao.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan")
"""Who logs in, in turns; none of them so often that it would be slowed down as guessing."""
FULL_ROAMS = 1000
PASSWORD_ENDPOINT = "POST /login"
SHARES = (50, 99, 99.9)


@dataclass(frozen=True)
class Part:
    """What was seen in one part of a round: the streams, and the share of the core that the provider used."""

    roams: Stream | None
    log_ins: Stream | None
    busy: float


@dataclass(frozen=True)
class Round:
    """One round: the full rate in roams a second, and its three parts."""

    full: float
    alone: Part
    beside: Part
    quiet: Part


def main() -> int:
    """Measure, print, and return the exit code: 1 where a request came to nothing."""
    parser = told.parser(__doc__)
    parser.add_argument(
        "--checkout", type=told.named_path, action="append", metavar="NAME=PATH", help="default: this one"
    )
    parser.add_argument("--log-ins", type=told.positive, default=5, help="a second")
    parser.add_argument("--seconds", type=told.positive, default=30, help="of roams alone, and beside log-ins")
    parser.add_argument("--rounds", type=told.positive, default=3)
    parser.add_argument("--burden", type=int, default=0, help="programs that calculate on the provider's core")
    parser.add_argument("--one-core", action="store_true", help="of the provider, for roams and passwords together")
    options = parser.parse_args()
    kinds = told.kinds(options) if options.kind else [ClientSecretBasic]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        contenders = start(
            options.checkout or [told.HERE], kinds, place, stack, databases=told.databases(options), peer=False
        )
        for contender in contenders:
            contender.measure(WARM_UP)
            if not options.one_core:
                contender.servers[0].use_all_cores()
        stack.enter_context(burden(options.burden))
        rounds: dict[Contender, list[Round]] = {contender: [] for contender in contenders}
        for _ in range(options.rounds):
            for contender in contenders:
                rounds[contender].append(_round(contender, options.log_ins, options.seconds))
    where = "one core" if options.one_core else "all cores"
    print(f"{options.rounds} rounds, {options.seconds} s each, {options.log_ins} log-ins a second, on {where}")
    return max(_print(contender, rounds[contender]) for contender in contenders)


def _round(contender: Contender, log_ins: int, seconds: int) -> Round:
    measured = contender.measure(FULL_ROAMS)
    full = measured.roams / measured.seconds
    people = itertools.cycle(PEOPLE)

    def roams() -> Stream:
        return Stream(contender.roam, full / 2)

    def logging_in() -> Stream:
        return Stream(lambda: _log_in(contender, people), log_ins)

    return Round(
        full,
        alone=_part(contender, roams(), None, seconds),
        beside=_part(contender, roams(), logging_in(), seconds),
        quiet=_part(contender, None, logging_in(), max(1, seconds // 5)),
    )


def _part(contender: Contender, roams: Stream | None, log_ins: Stream | None, seconds: int) -> Part:
    before, _ = contender.cpu_ms()
    took = OpenLoad(contender.ports[0]).run([one for one in (roams, log_ins) if one], seconds)
    used = contender.cpu_ms()[0] - before
    for roamed in (roams.results if roams else [])[::SAMPLE]:
        contender.verify(roamed)
    return Part(roams, log_ins, used / 1000 / took)


def _log_in(contender: Contender, people: Iterator[str]) -> Conversation[None]:
    found = yield from log_in(contender.kind, contender.metadata, next(people))
    answer = yield from contender.kind.redeem(contender.metadata, found.code)
    if answer.status != 200:
        raise BadAnswer(f"The code of a log-in was answered with {answer.status}.")


def _print(contender: Contender, rounds: Sequence[Round]) -> int:
    print(f"\n{contender.kind.name}, {contender.name}")
    print(f"  full rate              {spread([one.full for one in rounds], 0)} roams a second; half of it is sent")
    errors = 0
    for title, parts in (
        ("roams alone", [one.alone for one in rounds]),
        ("roams beside log-ins", [one.beside for one in rounds]),
        ("log-ins alone", [one.quiet for one in rounds]),
    ):
        print(f"  {title}: the provider used {spread([100 * one.busy for one in parts], 0)} % of its core")
        _print_roams([one.roams for one in parts if one.roams])
        _print_log_ins([one.log_ins for one in parts if one.log_ins], [one.quiet for one in rounds])
        found = [error for one in parts for stream in (one.roams, one.log_ins) if stream for error in stream.errors]
        print(f"    errors               {len(found)}{': ' + found[0] if found else ''}")
        errors += len(found)
    return min(errors, 1)


def _print_roams(streams: Sequence[Stream]) -> None:
    if not streams:
        return
    for share in SHARES:
        print(f"    roam p{share:<14} {spread(percentiles([one.took for one in streams], share), 1)} ms")
    most = [1000 * max(one.took) for one in streams]
    late = percentiles([one.late for one in streams], 99)
    print(f"    roam, the longest    {spread(most, 1)} ms; begun late by the load itself, p99: {spread(late, 1)} ms")


def _print_log_ins(streams: Sequence[Stream], quiet: Sequence[Part]) -> None:
    if not streams:
        return
    for share in SHARES[:2]:
        print(f"    log-in, whole, p{share:<4} {spread(percentiles([one.took for one in streams], share), 0)} ms")
        print(f"    its password, p{share:<5} {spread(_password(streams, share), 0)} ms")
    alone = _password([one.log_ins for one in quiet if one.log_ins], 50)
    waiting = [100 * max(0.0, 1 - least / middle) for least, middle in zip(alone, _password(streams, 50), strict=True)]
    print(f"    of it waiting, p50   {spread(waiting, 0)} %")


def _password(streams: Sequence[Stream], share: float) -> list[float]:
    return percentiles([one.waits[PASSWORD_ENDPOINT] for one in streams], share)


if __name__ == "__main__":
    sys.exit(main())
