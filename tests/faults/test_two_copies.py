"""Two copies of the provider on one database, while keys change and portals fail: what one does counts at the other."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from joserfc import jwt

from idp.delivery.queue import LEASE_SECONDS
from idp.keys import REFRESH_SECONDS
from idp.oauth.access_token import ALG
from idp.operator import operator
from tests.copies import Copies
from tests.faults.consistency import undelivered
from tests.faults.off_clock import manyou
from tests.faults.roaming import claims
from tests.journeys.eventually import eventually
from tests.listener import Listener, Reply
from tests.portal_client import PortalClient, Registration
from tests.postgres import PostgresServer
from tests.visitor import Visitor

NAMES = ("alpha", "beta", "slow", "silent", "failing")
PEOPLE = ("li.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan")
VISITS = 8
FEW = 3
ROTATIONS = 2
PATIENCE = 120.0
PAUSE_SECONDS = 0.1
"""Between two sign-ins of a person: what is to be noticed meanwhile takes two seconds, however many there are."""
LATE_SECONDS = 3.0
"""For a busy machine, on top of the time that is promised."""


def clients(listener: Listener) -> list[Registration]:
    return [Registration.make(name, listener.port) for name in NAMES]


@pytest.fixture(scope="module")
def copies(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    with Copies(tmp_path_factory.mktemp("copies"), postgres.fresh(), clients) as running:
        yield running


@dataclass
class Visit:
    """A person at one browser, signed in at some clients: their ID tokens by client."""

    visitor: Visitor
    id_tokens: dict[str, str]

    def sid(self, name: str) -> str:
        """The session id that the client knows."""
        return str(claims(self.id_tokens[name])["sid"])

    def log_out(self, client: PortalClient) -> None:
        """Log out at the provider, led there by a client."""
        page = self.visitor.follow(client.end_session(self.visitor, id_token_hint=self.id_tokens[client.client_id]))
        assert page.status_code == 200, page.text[:400]


def visit(copies: Copies, username: str, names: tuple[str, ...]) -> Visit:
    visitor = copies.visitor()
    return Visit(visitor, {name: copies.client(name).tokens(visitor, username).id_token for name in names})


def visits(copies: Copies, number: int, names: tuple[str, ...]) -> list[Visit]:
    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        people = [PEOPLE[one % len(PEOPLE)] for one in range(number)]
        return list(pool.map(lambda person: visit(copies, person, names), people))


def told(copies: Copies, name: str, of: list[Visit]) -> Counter[str]:
    """Return how often a client was sent a logout token, by the session ids of these visits."""
    sids = {one.sid(name) for one in of}
    received = copies.listener.received(f"/backchannel-logout/{name}")
    return Counter(sid for one in received if (sid := claims(one.form["logout_token"])["sid"]) in sids)


def all_told(copies: Copies, name: str, of: list[Visit]) -> bool:
    return len(told(copies, name, of)) == len(of)


def all_delivered(copies: Copies) -> bool:
    return undelivered(copies.environment["MANYOU_IDP_DATABASE"]) == []


def answer(handler: BaseHTTPRequestHandler, after: threading.Event, seconds: float) -> None:
    after.wait(seconds)
    try:
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()
    except ConnectionError:
        pass


def test_portals_that_are_slow_silent_or_failing_delay_nobody_and_each_signal_arrives(copies: Copies) -> None:
    who = visits(copies, VISITS, NAMES)
    back = threading.Event()
    replies = copies.listener.replies
    replies["/backchannel-logout/slow"] = Reply(write=lambda handler: answer(handler, back, 0.3))
    replies["/backchannel-logout/silent"] = Reply(write=lambda handler: answer(handler, back, 60))
    replies["/backchannel-logout/failing"] = Reply(500)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: one.log_out(copies.client("alpha")), who))
    for name in ("alpha", "beta", "slow"):
        assert eventually(lambda name=name: all_told(copies, name, who))
    # That much while nothing was heard of the silent one.
    failed = told(copies, "failing", who)
    replies.clear()
    back.set()
    assert eventually(lambda: all_delivered(copies), seconds=PATIENCE)
    again = {name: told(copies, name, who).total() - VISITS for name in ("alpha", "beta", "slow")}
    again["failing"] = (told(copies, "failing", who) - failed).total() - VISITS
    assert all(0 <= number <= FEW for number in again.values()), again
    assert all_told(copies, "silent", who)


def test_what_a_copy_was_sending_when_it_was_killed_is_sent_again_when_its_lease_is_over(copies: Copies) -> None:
    who = visits(copies, 6, ("alpha", "beta"))
    held = threading.Event()
    first, second = copies.ports
    copies.listener.replies["/backchannel-logout/beta"] = Reply(write=lambda handler: answer(handler, held, 60))
    with copies.frozen(second):
        for one in who:
            one.log_out(copies.client("alpha"))
        assert eventually(lambda: all_told(copies, "beta", who) and all_told(copies, "alpha", who))
        copies.kill(first)
    copies.listener.replies.clear()
    held.set()
    # By the clock of the one that comes back the lease is over; the other one waits for it.
    copies.start(first, ahead=LEASE_SECONDS + 10)
    copies.wait(first)
    assert eventually(lambda: all_delivered(copies), seconds=PATIENCE)
    assert set(told(copies, "beta", who).values()) <= {1, 2}
    assert told(copies, "beta", who).total() > len(who)
    assert told(copies, "alpha", who).total() <= len(who) + FEW
    copies.kill(first)
    copies.start(first)
    copies.wait(first)


@dataclass
class Load:
    """People who sign in again and again, whose tokens, and one of each earlier key, are asked for at both copies."""

    copies: Copies
    kids: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def walk(self, username: str) -> None:
        """Do so until it is over."""
        client, visitor = self.copies.client(), self.copies.visitor()
        at_each = [self.copies.client(port=port) for port in self.copies.ports]
        kept: dict[str, str] = {}
        try:
            while not self.over.is_set():
                token = client.tokens(visitor, username).access_token
                kept.setdefault(kid_of(token), token)
                for one in {token, *kept.values()}:
                    worth = [asked.active(one) for asked in at_each]
                    if not all(worth) and kid_of(one) not in self.revoked:
                        self.refused.append(f"{kid_of(one)}: {worth}")
                self.kids.update(kept)
                self.over.wait(PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.refused.append(f"{type(error).__name__}: {error}")


@contextmanager
def load(copies: Copies) -> Iterator[Load]:
    running = Load(copies)
    threads = [threading.Thread(target=running.walk, args=(name,)) for name in PEOPLE[:2]]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.over.set()
        for thread in threads:
            thread.join()


def kid_of(token: str) -> str:
    return str(claims(f".{token}")["kid"])


def published(copies: Copies, port: int) -> set[str]:
    answered = httpx.get(f"http://127.0.0.1:{port}/jwks", trust_env=False, timeout=30)
    return {key["kid"] for key in answered.json()["keys"]}


def rotate(copies: Copies) -> None:
    """Do what `manyou keys rotate` does, as if the next key had been published for a minute."""

    async def work() -> None:
        async with operator(copies.settings) as at:
            await at.keys.rotate(ALG)

    asyncio.run(work())


def signing_key(copies: Copies) -> Any:
    async def read() -> Any:
        async with operator(copies.settings) as at:
            return at.keys.signing(ALG)

    return asyncio.run(read())


@pytest.mark.timeout(300)
def test_keys_rotated_under_load_cost_nobody_a_token_at_either_copy_core_10_1_1(copies: Copies) -> None:
    with load(copies) as running:
        for _ in range(ROTATIONS):
            assert eventually(lambda: running.kids or running.refused, seconds=PATIENCE)
            before = set(running.kids)
            # In a minute, which is how long keys are published before they sign, both have noticed what was done last.
            assert eventually(lambda: len({frozenset(published(copies, port)) for port in copies.ports}) == 1)
            known = [published(copies, port) for port in copies.ports]
            rotate(copies)
            assert eventually(lambda old=before: len(running.kids - old) or running.refused, seconds=PATIENCE)
            new = str(signing_key(copies).kid)
            assert eventually(lambda kid=new: kid in running.kids or running.refused, seconds=PATIENCE)
            # Whoever had read the keys before, of whichever copy, can verify what is signed now.
            assert all(new in kids for kids in known)
    assert running.refused == []
    assert len(running.kids) == ROTATIONS + 1, running.kids


@pytest.mark.timeout(300)
def test_a_key_revoked_under_load_is_worth_nothing_at_either_copy_within_two_seconds(copies: Copies) -> None:
    asked = {port: copies.client(port=port) for port in copies.ports}
    stolen = signing_key(copies)
    honest = copies.client().tokens(copies.visitor())
    header = {"alg": ALG, "typ": "at+jwt", "kid": stolen.kid}
    forged = jwt.encode(header, {**claims(honest.access_token), "level": 4}, stolen, algorithms=[ALG])
    assert all(client.active(forged) for client in asked.values())
    with load(copies) as running:
        running.revoked.add(stolen.kid)
        assert eventually(lambda: stolen.kid in running.kids or running.refused, seconds=PATIENCE)
        done = manyou(0, "keys", "revoke", stolen.kid, **copies.shared)
        assert done.returncode == 0, done.stderr
        began = time.monotonic()
        for client in asked.values():
            assert eventually(lambda client=client: not client.active(forged))
        assert time.monotonic() - began < REFRESH_SECONDS + LATE_SECONDS
        for port, client in asked.items():
            assert stolen.kid not in published(copies, port)
            assert not client.active(honest.access_token)
            assert kid_of(client.tokens(copies.visitor()).access_token) in published(copies, port)
        # Everybody else goes on, with the successor.
        assert eventually(lambda: len(running.kids) > 1 or running.refused, seconds=PATIENCE)
    assert running.refused == []
