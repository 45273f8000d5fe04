"""A pushed request: no calls answer one twice, after its end, or for another client (RFC 9126 2.2, 4, 7.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from idp.endpoints.browser import BROWSER_COOKIE
from tests.machines.world import OTHER, PROVES, RARELY, SEEDS, answered, bounded, made_up, signed_in, world

CLIENTS = st.sampled_from(["fapi", "alpha", "public"])
TIMES = st.sampled_from([1, 1, 2, 3])
PUSHED_SECONDS = 60
INTERACTION_SECONDS = 1800


@dataclass
class Pushed:
    """What must be true of one pushed request."""

    request_uri: str
    client_id: str
    state: str
    ends_at: float
    silent: bool
    used: bool = False
    codes: list[str] = field(default_factory=list)


@dataclass
class Waiting:
    """A pushed request that somebody opened before they had logged in."""

    interaction: str
    browser: str
    pushed: Pushed
    ends_at: float
    done: bool = False


class PushedRequestMachine(RuleBasedStateMachine):
    """Requests that several clients pushed, opened by anybody in any browser."""

    pushed = Bundle("pushed")
    waiting = Bundle("waiting")

    @initialize(target=pushed, client_id=CLIENTS, silent=RARELY, waits=st.booleans(), may_restart=RARELY)
    def log_in(self, client_id: str, silent: bool, waits: bool, may_restart: bool) -> Pushed:
        """One person, who has a session or not, and a first request."""
        self.world = world()
        self.known: list[Pushed] = []
        self.may_restart = may_restart
        self.cookie: str | None = None if waits else self.world.session()
        self.browser = made_up()
        return self._new_request(client_id, silent)

    def _cookies(self) -> dict[str, str]:
        return {BROWSER_COOKIE: self.browser, **(signed_in(self.cookie) if self.cookie else {})}

    @rule(target=pushed, client_id=CLIENTS, silent=RARELY)
    def push(self, client_id: str, silent: bool) -> Pushed:
        """A client pushes a request, perhaps one at which no page may be shown."""
        return self._new_request(client_id, silent)

    def _new_request(self, client_id: str, silent: bool) -> Pushed:
        asked = self.world.client(client_id).ask(prompt="none" if silent else None)
        (answer,) = self.world.call(client_id, "/par", asked.parameters, PROVES[client_id])
        assert answer.status_code == 201, answer.text
        pushed = Pushed(
            answer.json()["request_uri"],
            client_id,
            asked.parameters["state"],
            self.world.clock() + PUSHED_SECONDS,
            silent,
        )
        self.known.append(pushed)
        return pushed

    @rule(target=waiting, client_id=CLIENTS, silent=RARELY, other_client=RARELY, times=TIMES, seed=SEEDS)
    def push_and_open(
        self, client_id: str, silent: bool, other_client: bool, times: int, seed: int
    ) -> MultipleResults[Waiting]:
        """A client pushes a request, and a browser opens it as soon as it is there."""
        return self._open(self._new_request(client_id, silent), not other_client, times, seed)

    @rule(target=waiting, pushed=pushed, other_client=RARELY, times=TIMES, seed=SEEDS)
    def open(self, pushed: Pushed, other_client: bool, times: int, seed: int) -> MultipleResults[Waiting]:
        """A browser opens one, perhaps in several windows at once."""
        return self._open(pushed, not other_client, times, seed)

    def _open(self, pushed: Pushed, by_its_client: bool, times: int, seed: int) -> MultipleResults[Waiting]:
        client_id = pushed.client_id if by_its_client else OTHER[pushed.client_id]
        parameters = {"client_id": client_id, "request_uri": pushed.request_uri, "state": "another"}
        answers = self.world.visit(parameters, self._cookies(), times, seed)
        good = by_its_client and not pushed.used and self.world.clock() < pushed.ends_at
        if not good:
            self._all_are_pages(answers)
            return multiple()
        if self.cookie is not None:
            self._answered_once(pushed, answers)
            return multiple()
        if pushed.silent:
            # A refusal uses it up, too; how many windows hear of it does not matter: nothing is granted.
            told = [answered(one) for one in answers if one.status_code == 303]
            assert told
            assert all((one["error"], one["state"]) == ("login_required", pushed.state) for one in told)
            pushed.used = True
            return multiple()
        places = [urlsplit(one.headers["location"]) for one in answers]
        assert {place.path for place in places} == {"/login"}
        interaction = parse_qs(places[0].query)["interaction"][0]
        return multiple(Waiting(interaction, self.browser, pushed, self.world.clock() + INTERACTION_SECONDS))

    @rule(waiting=waiting, times=TIMES, seed=SEEDS)
    def go_on(self, waiting: Waiting, times: int, seed: int) -> None:
        """Somebody goes on with what waits, as /login does afterwards, in whichever browser they are."""
        answers = self.world.visit({"interaction": waiting.interaction}, self._cookies(), times, seed)
        now, pushed = self.world.clock(), waiting.pushed
        # A person may take longer to log in than the request_uri lives; what was opened in time waits for them.
        if now >= waiting.ends_at or waiting.browser != self.browser or waiting.done:
            self._all_are_pages(answers)
        elif self.cookie is None:
            assert all(urlsplit(one.headers["location"]).path == "/login" for one in answers)
        elif pushed.used:
            self._all_are_pages(answers)
        else:
            waiting.done = True
            self._answered_once(pushed, answers)

    def _answered_once(self, pushed: Pushed, answers: list[httpx.Response]) -> None:
        told = [answered(one) for one in answers if one.status_code == 303]
        assert [one["state"] for one in told] == [pushed.state], [one.headers for one in answers]
        self._all_are_pages([one for one in answers if one.status_code != 303])
        assert not pushed.used
        pushed.used = True
        pushed.codes.append(told[0]["code"])

    def _all_are_pages(self, answers: list[httpx.Response]) -> None:
        for one in answers:
            assert (one.status_code, "location" in one.headers) == (400, False), one.headers

    @rule(other_browser=RARELY)
    def log_out_or_in(self, other_browser: bool) -> None:
        """The person logs out, or in again, perhaps in another browser."""
        if self.cookie is not None:
            self.world.log_out(self.cookie)
        self.cookie = self.world.session() if self.cookie is None else None
        if other_browser:
            self.browser = made_up()

    @rule(seconds=st.sampled_from([1, 1, 59, 60, 1800]))
    def wait(self, seconds: int) -> None:
        """Time passes; who was signed in before still is, with whichever session."""
        self.world.wait(seconds)
        if self.cookie is not None:
            self.cookie = self.world.session()

    @rule()
    @precondition(lambda self: self.may_restart)
    def restart(self) -> None:
        """The provider is started anew on the same state."""
        self.may_restart = False
        self.world.restart()

    @invariant()
    def at_most_one_code_came_of_each(self) -> None:
        """Whatever was done, a pushed request was answered once."""
        assert all(len(one.codes) <= 1 for one in getattr(self, "known", []))


TestPushedRequest = PushedRequestMachine.TestCase
TestPushedRequest.settings = bounded(40)
