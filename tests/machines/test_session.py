"""A session: no sequence of calls outlives its end, moves it to another person, or shows one client another's part."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import jwt as pyjwt
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from idp.endpoints.browser import SESSION_COOKIE
from tests.machines.world import RARELY, answered, bounded, signed_in, world
from tests.visitor import Visitor

IDLE_SECONDS = 3600
SESSION_SECONDS = 8 * 3600
TOKEN_SECONDS = 300
PEOPLE = st.sampled_from(["li.beijing", "wang.tianjin"])
CLIENTS = st.sampled_from(["alpha", "beta"])


@dataclass
class Session:
    """What must be true of one session, whichever cookie it has by now."""

    username: str
    began_at: float
    seen_at: float
    lives: bool = True
    sids: dict[str, str] = field(default_factory=dict)
    tokens: list[tuple[str, float]] = field(default_factory=list)

    def is_good(self, now: float) -> bool:
        return self.lives and now - self.seen_at < IDLE_SECONDS and now < self.began_at + SESSION_SECONDS


@dataclass
class Browser:
    """A browser, the session it should have, and the cookies it had before."""

    visitor: Visitor
    session: Session | None = None
    old_cookies: set[str] = field(default_factory=set)

    @property
    def cookie(self) -> str | None:
        return self.visitor.http.cookies.get(SESSION_COOKIE)


class SessionMachine(RuleBasedStateMachine):
    """Two browsers, two people, two clients."""

    browsers = st.sampled_from(["at home", "at work"])

    @initialize(may_restart=RARELY)
    def begin(self, may_restart: bool) -> None:
        """Nobody is signed in yet."""
        self.world = world()
        self.may_restart = may_restart
        self.all = {name: Browser(self.world.browser()) for name in ("at home", "at work")}
        self.sessions: list[Session] = []
        self.subs: dict[tuple[str, str], str] = {}

    def teardown(self) -> None:
        """Close what was opened."""
        for browser in getattr(self, "all", {}).values():
            browser.visitor.http.close()

    @rule(name=browsers, username=PEOPLE, client_id=CLIENTS)
    def log_in(self, name: str, username: str, client_id: str) -> None:
        """Somebody logs in in that browser, whoever is signed in there."""
        browser, client, now = self.all[name], self.world.client(client_id), self.world.clock()
        asked = client.ask(prompt="login")
        page = browser.visitor.follow(client.authorize(browser.visitor, asked))
        before, old = browser.cookie, browser.session
        response = browser.visitor.follow(browser.visitor.log_in(page, username))
        assert browser.cookie not in (None, before), "a session that is logged in to has a new name"
        if before is not None:
            browser.old_cookies.add(before)
        if old is not None and old.is_good(now) and old.username == username:
            old.began_at = old.seen_at = now
        else:
            if old is not None:
                old.lives = False
            browser.session = Session(username, now, now)
            self.sessions.append(browser.session)
        self._enter(browser, client_id, response, asked.code_verifier)

    @rule(name=browsers, client_id=CLIENTS)
    def roam(self, name: str, client_id: str) -> None:
        """A client looks whether somebody is signed in, and shows no page."""
        browser, client, now = self.all[name], self.world.client(client_id), self.world.clock()
        asked = client.ask(prompt="none")
        response = client.authorize(browser.visitor, asked)
        session = browser.session
        if session is None or not session.is_good(now):
            assert answered(response)["error"] == "login_required"
            return
        if now - session.seen_at >= 60:
            session.seen_at = now
        self._enter(browser, client_id, response, asked.code_verifier)

    def _enter(self, browser: Browser, client_id: str, response: httpx.Response, verifier: str) -> None:
        client, session = self.world.client(client_id), browser.session
        assert session is not None
        answer = client.call(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": answered(response)["code"],
                "redirect_uri": client.redirect_uri,
                "code_verifier": verifier,
            },
        ).json()
        claims = pyjwt.decode(answer["access_token"], options={"verify_signature": False})
        assert session.sids.setdefault(client_id, claims["sid"]) == claims["sid"]
        assert self.subs.setdefault((session.username, client_id), claims["sub"]) == claims["sub"]
        session.tokens.append((answer["access_token"], self.world.clock() + TOKEN_SECONDS))

    @rule(name=browsers)
    def log_out(self, name: str) -> None:
        """Somebody logs out in that browser."""
        browser = self.all[name]
        if browser.cookie is not None:
            browser.old_cookies.add(browser.cookie)
        page = browser.visitor.get("/end_session")
        if browser.session is not None and browser.session.is_good(self.world.clock()):
            page = browser.visitor.submit(page, "logout-yes")
            browser.session.lives = False
        assert page.status_code == 200
        assert browser.cookie is None

    @rule(name=browsers)
    @precondition(lambda self: any(browser.old_cookies for browser in self.all.values()))
    def come_with_an_old_cookie(self, name: str) -> None:
        """Somebody who saw a session's earlier names uses them."""
        for cookie in self.all[name].old_cookies:
            (response,) = self.world.visit(self.world.client("alpha").ask(prompt="none").parameters, signed_in(cookie))
            assert answered(response)["error"] == "login_required"

    @rule(username=PEOPLE)
    def freeze(self, username: str) -> None:
        """The operator freezes an account, and later finds that nothing was wrong."""
        person = self.world.run(self.world.parts.stores.people.by_id(username))
        self.world.run(self.world.parts.sign_outs.freeze(person))
        self.world.run(self.world.parts.sign_outs.unfreeze(person))
        for session in self.sessions:
            session.lives = session.lives and session.username != username

    @rule(seconds=st.sampled_from([1, 61, IDLE_SECONDS - 1, IDLE_SECONDS, SESSION_SECONDS]))
    def wait(self, seconds: int) -> None:
        """Time passes; a session that has run out stays so."""
        self.world.wait(seconds)
        for session in self.sessions:
            session.lives = session.is_good(self.world.clock())

    @rule()
    @precondition(lambda self: self.may_restart)
    def restart(self) -> None:
        """The provider is started anew on the same state."""
        self.may_restart = False
        self.world.restart()

    @invariant()
    def tokens_are_worth_what_their_session_is(self) -> None:
        """An access token is active exactly as long as it and its session live."""
        for session in getattr(self, "sessions", []):
            for text, ends_at in session.tokens:
                due = session.lives and self.world.clock() < ends_at
                assert self.world.access_token_is_active(text) == due

    @invariant()
    def nobody_shares_a_name(self) -> None:
        """Each `sid` is of one session and one client, each `sub` of one person at one client."""
        sids = [sid for session in getattr(self, "sessions", []) for sid in session.sids.values()]
        subs = list(getattr(self, "subs", {}).values())
        assert len(set(sids)) == len(sids)
        assert len(set(subs)) == len(subs)


TestSession = SessionMachine.TestCase
TestSession.settings = bounded(25)
