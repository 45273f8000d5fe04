"""A refresh family: rotating (RFC 9700 4.14.2), and on FAPI 2 not (FAPI 2.0 Security Profile 5.3.2.1).

No sequence of calls uses a token twice where it rotates, lets one outlive its end, or lets it cross clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.idp.token.certified import code_for, redemption
from tests.machines.world import OTHER, PROVES, RARELY, SEEDS, bounded, world

CLIENTS = st.sampled_from(["alpha", "public", "fapi"])
WRONG = st.sampled_from(["", "", "", "client", "key"])
TIMES = st.sampled_from([1, 1, 2, 3])
IDLE_SECONDS = 3600
SESSION_SECONDS = 8 * 3600
REFRESH_SECONDS = 8 * 3600
OFFLINE_SECONDS = 30 * 86400
TOKEN_SECONDS = 300


@dataclass
class Session:
    """What the families of one sign-in rest on."""

    began_at: float
    seen_at: float
    lives: bool = True

    def is_good(self, now: float) -> bool:
        return self.lives and now - self.seen_at < IDLE_SECONDS and now < self.began_at + SESSION_SECONDS


@dataclass
class SignIn:
    """A client's part of a session, or an offline grant, which rests on none: what ends it ends all that is of it."""

    client_id: str
    session: Session | None
    lives: bool = True


@dataclass
class Family:
    """What must be true of all that came of one grant."""

    sign_in: SignIn
    access_tokens: list[tuple[str, float]] = field(default_factory=list)

    @property
    def client_id(self) -> str:
        return self.sign_in.client_id

    @property
    def session(self) -> Session | None:
        return self.sign_in.session

    @property
    def rotates(self) -> bool:
        return not self.client_id.endswith("fapi")


@dataclass
class Token:
    """One refresh token."""

    text: str
    family: Family
    ends_at: float
    used: bool = False


class RefreshMachine(RuleBasedStateMachine):
    """Families of several clients, whose tokens everybody has got hold of."""

    tokens = Bundle("tokens")

    @initialize(target=tokens, client_id=CLIENTS, offline=st.booleans(), may_restart=RARELY)
    def log_in(self, client_id: str, offline: bool, may_restart: bool) -> Token:
        """One person, who comes back after each log-out."""
        self.world = world()
        self.families: list[Family] = []
        self.may_restart = may_restart
        self._begin_session()
        return self._new_family(client_id, offline)

    def _begin_session(self) -> None:
        self.cookie = self.world.session()
        self.session = Session(self.world.clock(), self.world.clock())
        self.sign_ins: dict[str, SignIn] = {}

    @rule(target=tokens, client_id=CLIENTS, offline=st.booleans())
    def begin(self, client_id: str, offline: bool) -> Token:
        """The person signs in at a client, perhaps for offline access, which rests on no session."""
        return self._new_family(client_id, offline)

    def _new_family(self, client_id: str, offline: bool) -> Token:
        now, client = self.world.clock(), self.world.client(client_id)
        if offline:
            form = redemption(client, code_for(self.world, client))
            sign_in = SignIn(client_id, None)
        else:
            if not self.session.is_good(now):
                self._begin_session()
            if now - self.session.seen_at >= 60:
                self.session.seen_at = now  # coming back is use
            code, asked = self.world.code(client_id, self.cookie)
            form = redemption(client, code, code_verifier=asked.code_verifier)
            if client_id not in self.sign_ins or not self.sign_ins[client_id].lives:
                self.sign_ins[client_id] = SignIn(client_id, self.session)
            sign_in = self.sign_ins[client_id]
        answer = self.world.call(client_id, "/token", form, PROVES[client_id])[0].json()
        family = Family(sign_in)
        self.families.append(family)
        return self._keep(family, answer, answer["refresh_token"])

    def _keep(self, family: Family, answer: dict[str, str], refresh_token: str) -> Token:
        now = self.world.clock()
        family.access_tokens.append((answer["access_token"], now + TOKEN_SECONDS))
        return Token(refresh_token, family, self._ends_at(family))

    def _ends_at(self, family: Family) -> float:
        now, session = self.world.clock(), family.session
        return min(now + REFRESH_SECONDS, session.began_at + SESSION_SECONDS) if session else now + OFFLINE_SECONDS

    @rule(target=tokens, client_id=CLIENTS, offline=st.booleans(), wrong=WRONG, times=TIMES, seed=SEEDS)
    def begin_and_refresh(self, client_id: str, offline: bool, wrong: str, times: int, seed: int) -> Token:
        """Somebody uses the first one of a new family."""
        return self._refresh(self._new_family(client_id, offline), wrong, times, seed)

    @rule(target=tokens, token=tokens, wrong=WRONG, times=TIMES, seed=SEEDS)
    def refresh(self, token: Token, wrong: str, times: int, seed: int) -> Token:
        """Somebody uses one, old or new, perhaps several times at once; return the newest there is."""
        return self._refresh(token, wrong, times, seed)

    def _refresh(self, token: Token, wrong: str, times: int, seed: int) -> Token:
        family, now, by_its_client = token.family, self.world.clock(), wrong != "client"
        client_id = family.client_id if by_its_client else OTHER[family.client_id]
        # RFC 9449 5: a client that can prove who it is may change its key; a public one is known by nothing else.
        key = "two" if wrong == "key" and PROVES[client_id] else PROVES[client_id]
        answers = self.world.call(
            client_id, "/token", {"grant_type": "refresh_token", "refresh_token": token.text}, key, times, seed
        )
        good = [one.json() for one in answers if one.status_code == 200]
        assert {one.json()["error"] for one in answers if one.status_code != 200} <= {"invalid_grant"}
        due = (
            by_its_client
            and family.sign_in.lives
            and not token.used
            and now < token.ends_at
            and (family.session is None or family.session.is_good(now))
            and not (client_id == "public" and wrong == "key")
        )
        most = 1 if family.rotates else times
        assert len(good) == (most if due else 0), [one.text for one in answers]
        if by_its_client and family.rotates and (token.used or (due and times > 1)):
            family.sign_in.lives = False
        if not due:
            return token
        if family.session is not None:
            family.session.seen_at = now
        token.used = family.rotates
        if not family.rotates:
            token.ends_at = self._ends_at(family)
        assert all(("refresh_token" in one) == family.rotates for one in good)
        kept = [self._keep(family, one, one.get("refresh_token", token.text)) for one in good]
        return kept[0] if family.rotates else token

    @rule(token=tokens, by_its_client=st.sampled_from([True, False]))
    def revoke(self, token: Token, by_its_client: bool) -> None:
        """A client revokes one: its own, or tries to revoke another client's (RFC 7009 2.1)."""
        own = token.family.client_id
        (answer,) = self.world.call(own if by_its_client else OTHER[own], "/revoke", {"token": token.text})
        assert answer.status_code == 200 or not by_its_client
        if by_its_client:
            token.family.sign_in.lives = False

    @rule()
    @precondition(lambda self: self.session.is_good(self.world.clock()))
    def log_out(self) -> None:
        """The person logs out and in again; what was granted for offline access stays (Back-Channel Logout 2.7)."""
        self.world.log_out(self.cookie)
        self.session.lives = False
        self._begin_session()

    @rule(seconds=st.sampled_from([1, 301, IDLE_SECONDS - 1, IDLE_SECONDS, SESSION_SECONDS, OFFLINE_SECONDS]))
    def wait(self, seconds: int) -> None:
        """Time passes; a session that has run out stays so."""
        self.world.wait(seconds)
        for session in {id(one.session): one.session for one in self.families if one.session}.values():
            session.lives = session.is_good(self.world.clock())

    @rule()
    @precondition(lambda self: self.may_restart)
    def restart(self) -> None:
        """The provider is started anew on the same state."""
        self.may_restart = False
        self.world.restart()

    @invariant()
    def access_tokens_are_worth_what_their_family_is(self) -> None:
        """An access token is active exactly as long as it, and what it came of, lives."""
        now = self.world.clock() if hasattr(self, "world") else 0
        for family in getattr(self, "families", []):
            lives = family.sign_in.lives and (family.session is None or family.session.lives)
            family.access_tokens = [(text, ends_at) for text, ends_at in family.access_tokens if now <= ends_at]
            for text, ends_at in family.access_tokens:
                assert self.world.access_token_is_active(text) == (lives and now < ends_at)


TestRefreshFamily = RefreshMachine.TestCase
TestRefreshFamily.settings = bounded(25)
