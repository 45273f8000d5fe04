"""People who roam while the provider is killed under them, and remember everything that was acknowledged to them."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tests.portal_client import Asked, Landing, PortalClient
from tests.visitor import Visitor
from web.base64url import decode

Answer = TypeVar("Answer")
PAUSE_SECONDS = 0.01
CODE_SECONDS = 58.0
"""A code, and a pushed request, lives for 60 seconds; it was issued a moment before it arrived."""

LONGEST_DELAY_SECONDS = 8
"""After six kills in the middle of log-ins of one account, without one that was good between them."""


class Stopped(Exception):
    """Somebody else has found something wrong."""


class Unavailable(Exception):
    """The provider said 503: its database was away, and what it asked of it may have been done or not."""


class Delayed(Exception):
    """The provider wants log-ins to this account to wait for so many seconds.

    It counts an attempt before it looks at the password (and forgets it after a good one), so that one that was killed
    in between counts as one that was wrong; the third in a row brings a delay.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class Kept:
    """A refresh token that was handed out; `good` until its holder used it up or its sign-in was ended.

    None where nobody can know: its sign-in was ended if the code of another one was spent before it was too old.
    """

    client_id: str
    refresh_token: str
    sid: str
    good: bool | None = True


@dataclass
class Ledger:
    """What was acknowledged: each code with how often it gave tokens, refresh tokens, sign-ins that were ended."""

    codes: dict[str, int] = field(default_factory=dict)
    landings: list[tuple[str, Landing]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    ended: set[tuple[str, str]] = field(default_factory=set)
    sessions: list[tuple[Visitor, str]] = field(default_factory=list)
    roams: int = 0
    answers_lost: int = 0
    refused: int = 0
    families_ended: int = 0
    log_outs: int = 0
    codes_late: int = 0
    log_ins_delayed: int = 0


class Gate:
    """Whether the provider is up, how many attempts were made, and whether everybody is to stop."""

    def __init__(self) -> None:
        self.up = threading.Event()
        self.attempts = 0
        self.stopped = False
        self._changed = threading.Condition()

    def attempted(self) -> None:
        """Count one attempt."""
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()

    def refused(self) -> None:
        """Take one attempt back: how many there are while the database is away says nothing."""
        with self._changed:
            self.attempts -= 1

    def wait_for(self, attempts: int) -> None:
        """Wait until so many attempts were made, or everybody stops."""
        with self._changed:
            self._changed.wait_for(lambda: self.attempts >= attempts or self.stopped)

    def stop(self) -> None:
        """Let everybody stop."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()
        self.up.set()


class Roamer:
    """One person with one browser at a time; `roam` does one roam and perhaps a refresh and a log-out."""

    def __init__(
        self, username: str, clients: list[PortalClient], browser: Callable[[], Visitor], gate: Gate, rng: random.Random
    ) -> None:
        self.ledger = Ledger()
        self._username = username
        self._clients = clients
        self._new_browser = browser
        self._gate = gate
        self._rng = rng
        self._begin()

    def _begin(self) -> None:
        self._browser = self._new_browser()
        self._signed_in = False
        self._kept: list[Kept] = []
        self._id_tokens: list[tuple[PortalClient, str]] = []

    def roam(self) -> None:
        """Sign in at a client, often without a page; redeem, perhaps refresh, perhaps log out."""
        client = self._rng.choice(self._clients)
        landing, _ = self._persist(lambda: self._land_in_time(client))
        self._signed_in = True
        self.ledger.landings.append((client.client_id, landing))
        landed = time.monotonic()
        response, lost = self._persist(lambda: _answered(client.exchange(landing)))
        self.ledger.codes[landing.code] = int(response.status_code == 200)
        if response.status_code == 200:
            self._keep(client, response.json())
            if self._rng.random() < 0.5:
                self._refresh(client, self._kept[-1])
        elif (waited := time.monotonic() - landed) > CODE_SECONDS:
            # On a busy machine the provider may have been away for longer than a code lives. One whose answer was lost
            # was spent, so that this was its second use and ended the family, or it was not, and ended nothing.
            self.ledger.codes_late += 1
            if lost:
                self._family_unknown(client)
        else:
            assert lost, f"an acknowledged code was lost after {waited:.1f} s: {response.text}"
            assert response.json()["error"] == "invalid_grant", response.text
            self._family_ended(client)
        self.ledger.roams += 1
        if self._rng.random() < 0.1 and self._id_tokens:
            self._log_out()

    def rest(self) -> None:
        """Stop roaming: what is signed in now is to stay so."""
        if self._signed_in:
            self.ledger.sessions.append((self._browser, self._username))

    def _land_in_time(self, client: PortalClient) -> Landing:
        """Land, once more where a pushed request had grown too old on the way."""
        while True:
            began = time.monotonic()
            try:
                return self._land(client)
            except AssertionError:
                if time.monotonic() - began <= CODE_SECONDS:
                    raise
                self.ledger.codes_late += 1

    def _land(self, client: PortalClient) -> Landing:
        asked = client.ask()
        sent = asked
        if client.dpop_key is not None:
            response = _answered(client.call("/par", dict(asked.parameters)))
            assert response.status_code == 201, response.text
            reference = {"client_id": client.client_id, "request_uri": str(response.json()["request_uri"])}
            sent = Asked(reference, asked.code_verifier)
        page = _answered(self._browser.follow(client.authorize(self._browser, sent)))
        if page.status_code == 200:
            assert not self._signed_in, "an acknowledged session was lost"
            page = _answered(self._browser.follow(self._browser.log_in(page, self._username)))
            if page.status_code == 429:
                seconds = int(page.headers["retry-after"])
                assert seconds <= LONGEST_DELAY_SECONDS, f"a good password is refused for {seconds} s"
                raise Delayed(seconds)
        assert page.status_code == 303, f"{page.status_code}: {page.text[:400]}"
        landing = client.landing(asked, page)
        assert landing.code
        return landing

    def _keep(self, client: PortalClient, answer: dict[str, Any]) -> None:
        sid = str(claims(answer["id_token"])["sid"])
        self._kept.append(Kept(client.client_id, answer["refresh_token"], sid))
        self.ledger.kept.append(self._kept[-1])
        self._id_tokens.append((client, answer["id_token"]))

    def _refresh(self, client: PortalClient, kept: Kept) -> None:
        response, lost = self._persist(lambda: _answered(client.refresh(kept.refresh_token)))
        if response.status_code == 200:
            kept.refresh_token = response.json().get("refresh_token", kept.refresh_token)
            return
        # RFC 9700 4.14.2: for a client that is not on FAPI 2 the lost answer's token is the good one, and this a reuse.
        rotates = client.dpop_key is None
        assert lost, f"an acknowledged refresh token was lost: {response.text}"
        assert rotates, f"an acknowledged refresh token was lost: {response.text}"
        self._family_ended(client)

    def _family_ended(self, client: PortalClient) -> None:
        self.ledger.families_ended += 1
        self._over([one for one in self._kept if one.client_id == client.client_id])

    def _family_unknown(self, client: PortalClient) -> None:
        for one in self._kept:
            if one.client_id == client.client_id and one.good:
                one.good = None

    def _log_out(self) -> None:
        client, id_token = self._id_tokens[-1]
        onward = f"{client.registration.address}/"
        response, _ = self._persist(
            lambda: _answered(
                client.end_session(self._browser, id_token_hint=id_token, post_logout_redirect_uri=onward)
            )
        )
        assert (response.status_code, response.headers.get("location")) == (303, onward), response.text[:400]
        self.ledger.log_outs += 1
        self._over(self._kept)
        self._begin()

    def _over(self, ended: list[Kept]) -> None:
        for one in ended:
            one.good = False
            self.ledger.ended.add((one.client_id, one.sid))

    def _persist(self, attempt: Callable[[], Answer]) -> tuple[Answer, bool]:
        """Try until there is an answer; return it, and whether the answer of an earlier try was lost."""
        lost = False
        while True:
            self._gate.up.wait()
            if self._gate.stopped:
                raise Stopped
            self._gate.attempted()
            try:
                return attempt(), lost
            except httpx.ConnectError:
                pass
            except httpx.TransportError:
                self.ledger.answers_lost += 1
                lost = True
            except Delayed as delay:
                self.ledger.log_ins_delayed += 1
                time.sleep(delay.seconds)
            except Unavailable:
                self._gate.refused()
                self.ledger.refused += 1
                lost = True
            time.sleep(PAUSE_SECONDS)


def _answered(response: httpx.Response) -> httpx.Response:
    """Return the answer. Raises Unavailable where it is 503, which has to say when to come again."""
    if response.status_code == 503:
        assert response.headers["retry-after"].isdigit(), response.text[:400]
        raise Unavailable
    return response


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified: it came over the client's own connection to the provider."""
    read: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return read
