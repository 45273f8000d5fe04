"""What a verdict on an access token costs a portal, of any checkouts, side by side in one run.

    .venv/bin/python bench/verdict.py [--checkout NAME=PATH ...] [--tokens N] [--rounds N] [--requests N]

Three figures, in CPU milliseconds, medians and ranges of the rounds; the checkouts take turns within a round:

- two signatures: ES256 verified twice by cryptography and nothing else, the least that a token and its proof can cost;
- the verdict: portals/verdict.py on good tokens bound to a key, each with its proof, in a process of its own: all
  checks, the portal's expectation, its two questions to the store, its counter; the provider's keys are cached;
- a request: GET /api/whoami with such a token over real HTTP, by the operating system's clock of the portal's process:
  HTTP, the verdict, the proof noted for ever in the store, the answer.

Tokens wrong in one way each are judged and sent as well. Every verdict and every answer is compared with the one that
is due. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from access_tokens import ACCEPTED, Minter, Presented, many
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from http_messages import Answer, BadAnswer, get
from load import Conversation, Load
from options import named_path, positive
from portal_process import PORTAL, PortalProcess, ProviderStandIn, environment
from rounds import spread
from server_process import OWN_CORE, SERVERS_CORE, issuer_at

CONNECTIONS = 16
REST_SECONDS = 0.02
TURNS = 5
"""How often each has its turn within a round."""
Costs = dict[str, list[float]]


class Judging:
    """One checkout's verdicts, in a process on the servers' core, and its portal, which is another process there."""

    def __init__(self, name: str, checkout: Path, place: Path, provider: ProviderStandIn, stack: ExitStack) -> None:
        self.name = name
        self.costs: Costs = defaultdict(list)
        self._portal = stack.enter_context(PortalProcess(checkout, place / "served", provider.issuer))
        self.minter = _minter(provider.issuer, self._portal.port)
        # One key for all: what the worker and the portal fetch is the same.
        told = environment(checkout, place / "judged", provider.issuer, self._portal.port)
        path = Path(__file__).with_name("verdict_worker.py")
        os.sched_setaffinity(0, {SERVERS_CORE})
        self._worker = subprocess.Popen(
            [sys.executable, str(path)],
            env=told,
            cwd=checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(0, {OWN_CORE})
        stack.callback(self._end)

    def judged(self, presented: Sequence[Presented], rounds: int) -> float:
        """Return the CPU milliseconds of one verdict."""
        assert self._worker.stdin
        assert self._worker.stdout
        asked = [(one.token, one.proof, one.code) for one in presented]
        self._worker.stdin.write(json.dumps({"url": self.minter.url, "rounds": rounds, "asked": asked}) + "\n")
        self._worker.stdin.flush()
        said = self._worker.stdout.readline()
        if not said:
            raise SystemExit(f"{self.name}: the verdicts ended.")
        return float(said)

    def served(self, presented: Sequence[Presented]) -> float:
        """Return the CPU milliseconds of one request with one of these tokens."""
        waiting = iter(presented)
        with Load([self._portal.port], CONNECTIONS) as load:
            load.greet(get("/healthz", f"{issuer_at(self._portal.port)}/healthz"))
            time.sleep(REST_SECONDS)
            before = self._portal.cpu_ms()
            load.run(lambda: self._request(next(waiting)), len(presented))
            time.sleep(REST_SECONDS)
            return (self._portal.cpu_ms() - before) / len(presented)

    def _request(self, presented: Presented) -> Conversation[None]:
        headers = (("Authorization", f"DPoP {presented.token}"), ("DPoP", presented.proof))
        _check(presented, (yield get("/api/whoami", self.minter.url, headers)))

    def _end(self) -> None:
        assert self._worker.stdin
        self._worker.stdin.close()
        try:
            self._worker.wait(10)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()


def _minter(issuer: str, port: int) -> Minter:
    address = issuer_at(port)
    return Minter(issuer, PORTAL, f"{address}/api", f"{address}/api/whoami")


def _check(presented: Presented, answer: Answer) -> None:
    if presented.code == ACCEPTED:
        good = answer.status == 200 and answer.json()["portal"] == PORTAL
    else:
        of_proof = presented.code.startswith("proof.") and presented.code != "proof.key.other"
        error = "invalid_dpop_proof" if of_proof else "invalid_token"
        good = answer.status == 401 and f'error="{error}"' in answer.headers.get("www-authenticate", "")
    if not good:
        raise BadAnswer(f"a token with {presented.code} was answered with {answer.status} {answer.body[:300]!r}")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--checkout", type=named_path, action="append", metavar="NAME=PATH", help="default: this one")
    parser.add_argument("--tokens", type=positive, default=100, help="different tokens of one round")
    parser.add_argument("--rounds", type=positive, default=9)
    parser.add_argument("--requests", type=positive, default=500, help="requests with good tokens of one round")
    options = parser.parse_args()
    checkouts: list[tuple[str, Path]] = options.checkout or [("here", Path(__file__).resolve().parents[1])]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        floor: list[float] = []
        found = []
        for number, (name, path) in enumerate(checkouts):
            provider = stack.enter_context(ProviderStandIn())
            one = Judging(name, path, place / str(number), provider, stack)
            provider.jwks = one.minter.jwks()
            found.append(one)
        for number in range(options.rounds + 1):
            counts = number > 0  # the first one is for caches
            _round(found, options.tokens, options.requests, floor if counts else [], counts)
    _print(found, floor, options.rounds)
    return 0


def _round(found: Sequence[Judging], tokens: int, requests: int, floor: list[float], counts: bool) -> None:
    turns: dict[Judging, Costs] = {one: defaultdict(list) for one in found}
    floors = []
    for turn in range(TURNS):
        floors.append(_two_signatures(tokens))
        for one in found[:: -1 if turn % 2 else 1]:
            costs = turns[one]
            costs["the verdict"].append(one.judged([*many(one.minter.good, tokens)], 4))
            costs["a request"].append(one.served([*many(one.minter.good, max(1, requests // TURNS))]))
            for what, make in one.minter.wrong().items():
                costs[f"refused: {what}"].append(one.judged([*many(make, 20)], 2))
            wrong = [make() for make in one.minter.wrong().values() for _ in range(4)]
            costs["a request that is refused"].append(one.served(wrong))
    floor.append(statistics.mean(floors))
    for one in found if counts else ():
        for what, values in turns[one].items():
            one.costs[what].append(statistics.mean(values))


def _two_signatures(count: int) -> float:
    """Return the CPU milliseconds of verifying two signatures as long as a token's and a proof's."""
    key = generate_private_key(SECP256R1())
    signed, algorithm = [b"t" * 700, b"p" * 500], ECDSA(SHA256())
    made = [(key.sign(one, algorithm), one) for one in signed] * count
    verify: Callable[..., None] = key.public_key().verify
    began = time.process_time_ns()
    for signature, message in made:
        verify(signature, message, algorithm)
    return (time.process_time_ns() - began) / 1e6 / count


def _print(found: Sequence[Judging], floor: Sequence[float], rounds: int) -> None:
    print(f"{rounds} rounds, CPU milliseconds, servers on core {SERVERS_CORE}, load on core {OWN_CORE}")
    print(f"\n  {'two signatures':<36} {spread(floor, 3)}")
    for one in found:
        print(f"\n{one.name}")
        for what, values in one.costs.items():
            print(f"  {what:<36} {spread(values, 3)}")
        for other in found[:1]:
            if other is not one:
                for what in ("the verdict", "a request"):
                    ratios = [b / a for a, b in zip(one.costs[what], other.costs[what], strict=True)]
                    print(f"  {f'{what}, times {other.name}':<36} {spread(ratios, 3)}")


if __name__ == "__main__":
    sys.exit(main())
