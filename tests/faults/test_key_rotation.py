"""Keys are rotated while people roam, by commands of another process: not one token is refused."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest

from idp.oauth.access_token import ALG
from lab.keys import PUBLISHED_SECONDS
from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.faults.off_clock import manyou
from tests.faults.roaming import claims
from tests.journeys.as_portal import as_portal, userinfo, whoami
from tests.journeys.eventually import eventually
from tests.person import Person
from web.clock import SettableClock

ROTATIONS = 3
PATIENCE = 120.0
"""Seconds: people who roam with hardly a rest leave little time to whatever else a busy machine has to do."""
PAUSE_SECONDS = 0.1
"""Between two roams of a person: what is to be noticed meanwhile takes two seconds, however many there are."""
PEOPLE = ("li.beijing", "wang.tianjin")


class Moving:
    """A clock that is put forward only between roams, so that nothing but its tokens grows old."""

    def __init__(self) -> None:
        self.clock = SettableClock(time.time())
        self.ahead = 0.0
        self._roaming = 0
        self._held = False
        self._changed = threading.Condition()

    def begin(self) -> None:
        """Note that somebody roams."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._roaming += 1

    def end(self) -> None:
        """Note that they have arrived."""
        with self._changed:
            self._roaming -= 1
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Put the clock forward while nobody roams."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: self._roaming == 0)
            self.ahead += seconds
            self.clock.advance(seconds)
            self._held = False
            self._changed.notify_all()


def roam(person: Person, moving: Moving, portal: str, kept: dict[str, tuple[str, str]]) -> list[str]:
    """Sign in at a portal anew and use its token, and one of each earlier key, wherever tokens are judged.

    `kept` holds a token by the kid that it is signed with, and its portal; returns what was refused.
    """
    moving.begin()
    try:
        for cookie in [one for one in person.browser.cookies.jar if portal in one.domain]:
            person.browser.cookies.delete(cookie.name, cookie.domain, cookie.path)
        page = person.visit(portal)
        refused = [] if page.status_code == 200 else [f"sign-in at {portal}: {page.text[:300]}"]
        token = person.tokens(portal)[1]
        kept.setdefault(kid_of(token), (portal, token))
        for where, one in {(portal, token), *kept.values()}:
            if claims(one)["exp"] <= moving.clock():
                continue
            answers = {
                "API": whoami(person, where, one, clock=moving.clock),
                "userinfo": userinfo(person, where, one, moving.clock),
                "introspection": as_portal(person, where, moving.clock).introspect(one),
            }
            refused += [f"{name} of {where}: {a.text[:300]}" for name, a in answers.items() if a.status_code != 200]
            refused += [] if answers["introspection"].json()["active"] else [f"introspection of {where}: inactive"]
        return refused
    finally:
        moving.end()


@pytest.mark.timeout(300)
def test_no_token_is_refused_while_keys_are_rotated_core_10_1_1(make_region: RegionFactory, tmp_path: Path) -> None:
    moving = Moving()
    region = make_region(tmp_path / "var", clock=moving.clock)
    refused: list[str] = []
    kids: set[str] = set()
    over = threading.Event()

    def walk(username: str) -> None:
        kept: dict[str, tuple[str, str]] = {}
        with Person(region, username) as person:
            for portal in cycle(region.portal_names):
                if over.is_set():
                    break
                refused.extend(roam(person, moving, portal, kept))
                kids.update(kept)
                over.wait(PAUSE_SECONDS)

    with ExitStack() as ending:
        threads = [threading.Thread(target=walk, args=(name,)) for name in PEOPLE]
        for thread in threads:
            thread.start()
            ending.callback(thread.join)
        ending.callback(over.set)
        for _ in range(ROTATIONS):
            old = current(region)
            assert eventually(lambda kid=old: kid in kids or refused, seconds=PATIENCE)
            moving.advance(PUBLISHED_SECONDS + 1)
            done = manyou(moving.ahead, "keys", "rotate", MANYOU_VAR=str(region.var))
            assert done.returncode == 0, done.stderr
            assert eventually(lambda kid=old: current(region) != kid, seconds=PATIENCE)
        assert eventually(lambda: current(region) in kids or refused, seconds=PATIENCE)
    assert refused == []
    assert len(kids) == ROTATIONS + 1


def current(region: RegionThread) -> str:
    """Return the kid that access tokens are signed with now."""
    return str(region.app("idp").state.parts.keys.signing(ALG).kid)


def kid_of(token: str) -> str:
    """Return the kid in a token's header."""
    return str(claims(f".{token}")["kid"])
