"""CPU time of the provider per code: /authorize with a live session, and /token, by kind of client and checkout.

    .venv/bin/python bench/token_cost.py [--checkout NAME=PATH ...] [--codes N] [--rounds N]

Prints the median and the range of the rounds in milliseconds (user and system, of the provider's process), and the
ratio to the first checkout, round by round. The checkouts take turns within a round, a few codes each, so that they
share what else the machine does; the same checkout named twice shows how much noise is left. A checkout whose provider
does not know a kind of client prints `-`. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from client_kinds import KINDS, ClientKind
from provider_process import ProviderProcess

USERNAME, PASSWORD = "li.beijing", "manyou-demo"
NAMES = tuple(kind.name for kind in KINDS)
ENDPOINTS = ("/authorize", "/token")
REST_SECONDS = 0.02
TURN = 20
"""Codes until the next checkout has its turn: what else the machine does changes within seconds."""
Values = dict[tuple[str, str, str], list[float]]
"""Milliseconds of CPU per request, one value a round, by endpoint, kind and checkout."""


@dataclass(frozen=True)
class Asked:
    """An authorization request, and what redeems its code."""

    request: httpx.Request
    state: str
    verifier: str


class Contender:
    """A checkout's provider with a person logged in, and the clients of it that it knows."""

    def __init__(self, name: str, path: Path, place: Path, stack: ExitStack) -> None:
        self.name = name
        with ProviderProcess(path, place / "asked", {}) as provider:
            metadata = provider.metadata()
        kinds = [kind() for kind in KINDS]
        self.kinds = {kind.name: kind for kind in kinds if kind.served_by(metadata)}
        tables = {kind.client_id: kind.table() for kind in self.kinds.values()}
        self._provider = stack.enter_context(ProviderProcess(path, place / "measured", tables))
        self._metadata = self._provider.metadata()
        self._http = stack.enter_context(httpx.Client(timeout=60, trust_env=False))

    def log_in(self) -> None:
        """Log the person in by the form, at the wish of the first client, if there is one."""
        kind = next(iter(self.kinds.values()), None)
        if kind is None:
            return
        self._http.follow_redirects = True
        page = self._http.send(self._ask(kind).request)
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        form = {name: html.unescape(value) for name, value in hidden}
        self._http.follow_redirects = False
        answer = self._http.post(
            urljoin(str(page.url), "/login"), data={**form, "username": USERNAME, "password": PASSWORD}
        )
        _expect(answer.is_redirect, self.name, "the log-in", answer)

    def measure(self, kind: ClientKind, codes: int) -> tuple[float, float]:
        """Return the CPU milliseconds of so many requests at /authorize and at /token; every answer is checked."""
        asked = [self._ask(kind) for _ in range(codes)]
        authorize_ms, landings = self._send([one.request for one in asked])
        forms = [self._redemption(kind, *pair) for pair in zip(asked, landings, strict=True)]
        requests = [kind.token_request(self._metadata, form) for form in forms]
        token_ms, answers = self._send(requests)
        for answer in answers:
            _expect(answer.status_code == 200 and "id_token" in answer.json(), self.name, "a code", answer)
        again = self._http.send(kind.token_request(self._metadata, forms[-1]))
        refused = again.status_code == 400 and again.json()["error"] == "invalid_grant"
        _expect(refused, self.name, "a code redeemed twice", again)
        return authorize_ms, token_ms

    def _send(self, requests: Sequence[httpx.Request]) -> tuple[float, list[httpx.Response]]:
        time.sleep(REST_SECONDS)
        before = self._provider.cpu_ms()
        answers = [self._http.send(request) for request in requests]
        # What the provider does after its last answer is part of the cost.
        time.sleep(REST_SECONDS)
        return self._provider.cpu_ms() - before, answers

    def _ask(self, kind: ClientKind) -> Asked:
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(12)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": kind.client_id,
            "redirect_uri": kind.redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        request = kind.authorization_request(self._metadata, parameters)
        # A request that is made by hand does not get the client's cookies.
        self._http.cookies.set_cookie_header(request)
        return Asked(request, state, verifier)

    def _redemption(self, kind: ClientKind, asked: Asked, landing: httpx.Response) -> dict[str, str]:
        query = parse_qs(urlsplit(landing.headers.get("location", "")).query)
        _expect("code" in query and query.get("state") == [asked.state], self.name, "an authorization", landing)
        return {
            "grant_type": "authorization_code",
            "code": query["code"][0],
            "redirect_uri": kind.redirect_uri,
            "code_verifier": asked.verifier,
        }


def _expect(good: bool, checkout: str, what: str, answer: httpx.Response) -> None:
    if not good:
        raise SystemExit(f"{checkout}: {what} was answered with {answer.status_code}: {answer.text[:400]}")


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not name or not equals or not (Path(path) / "idp" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} should be NAME=PATH, the path being a checkout of Manyou.")
    return name, Path(path).resolve()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a number from 1 on.")
    return int(text)


def _compare(contenders: Sequence[Contender], codes: int, rounds: int) -> Values:
    for name in NAMES:
        # Warms up: imports, caches, the first pages of the store.
        _round(contenders, name, TURN)
    values: Values = defaultdict(list)
    for _ in range(rounds):
        for name in NAMES:
            for (endpoint, checkout), total in _round(contenders, name, codes).items():
                values[endpoint, name, checkout].append(total / codes)
    return values


def _round(contenders: Sequence[Contender], name: str, codes: int) -> Mapping[tuple[str, str], float]:
    totals: dict[tuple[str, str], float] = defaultdict(float)
    able = [contender for contender in contenders if name in contender.kinds]
    for turn, done in enumerate(range(0, codes, TURN)):
        # Turned round each time, so that none is always the one to come first.
        for contender in able[:: -1 if turn % 2 else 1]:
            costs = contender.measure(contender.kinds[name], min(TURN, codes - done))
            for endpoint, cost in zip(ENDPOINTS, costs, strict=True):
                totals[endpoint, contender.name] += cost
    return totals


def _line(values: Sequence[float], first: Sequence[float]) -> str:
    if not values:
        return "-"
    text = f"{statistics.median(values):.2f} ms [{min(values):.2f}-{max(values):.2f}]"
    if not first or values is first:
        return text
    ratios = [one / other for one, other in zip(values, first, strict=True)]
    return f"{text}, ratio {statistics.median(ratios):.3f} [{min(ratios):.3f}-{max(ratios):.3f}]"


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--checkout", type=_named_path, action="append", metavar="NAME=PATH", help="default: this one")
    parser.add_argument("--codes", type=_positive, default=400, help="codes per round")
    parser.add_argument("--rounds", type=_positive, default=5)
    options = parser.parse_args()
    checkouts: list[tuple[str, Path]] = options.checkout or [("here", Path(__file__).resolve().parents[1])]
    if len({name for name, _ in checkouts}) < len(checkouts):
        parser.error("every checkout needs a name of its own")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manyou-bench-")))
        contenders = [Contender(name, path, folder / str(i), stack) for i, (name, path) in enumerate(checkouts)]
        for contender in contenders:
            contender.log_in()
        values = _compare(contenders, options.codes, options.rounds)
    print(f"CPU per request, {options.rounds} rounds of {options.codes} codes")
    for kind in NAMES:
        for endpoint in ENDPOINTS:
            first = values[endpoint, kind, checkouts[0][0]]
            for name, _ in checkouts:
                print(f"{endpoint}, {kind}, {name}: {_line(values[endpoint, kind, name], first)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
