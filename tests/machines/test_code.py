"""An authorization code: no calls redeem one twice, let one outlive its end, or cross clients (RFC 6749 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

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

from tests.machines.world import KEYS, OTHER, PROVES, RARELY, SEEDS, answered, bounded, made_up, signed_in, world
from tests.portal_client import Asked
from web.dpop import thumbprint

WRONG = st.sampled_from(["", "", "", "client", "verifier", "key"])
TIMES = st.sampled_from([1, 1, 2, 3])
CODE_SECONDS = 60
CLIENTS = st.sampled_from(["alpha", "brief", "public", "fapi"])
TOKEN_SECONDS = 300


@dataclass
class SignIn:
    """What a client has of one session; whatever ends it ends all that came of it."""

    client_id: str
    lives: bool = True


@dataclass
class Code:
    """What must be true of one code."""

    text: str
    asked: Asked
    sign_in: SignIn
    bound_to: str | None
    ends_at: float
    redeemed: bool = False
    tokens: list[tuple[str, float]] = field(default_factory=list)


class CodeMachine(RuleBasedStateMachine):
    """Codes of one person's session, in the hands of all clients."""

    codes = Bundle("codes")

    @initialize(target=codes, client_id=CLIENTS, bound=st.booleans(), may_restart=RARELY)
    def log_in(self, client_id: str, bound: bool, may_restart: bool) -> Code:
        """One person, who comes back after each log-out."""
        self.world = world()
        self.known: list[Code] = []
        self.sign_ins: dict[str, SignIn] = {}
        self.may_restart = may_restart
        self.cookie = self.world.session()
        return self._new_code(client_id, bound)

    @rule(target=codes, client_id=CLIENTS, bound=st.booleans())
    def sign_in(self, client_id: str, bound: bool) -> Code:
        """The person signs in at a client, which may name the key that the code is bound to."""
        return self._new_code(client_id, bound)

    def _new_code(self, client_id: str, bound: bool) -> Code:
        # On FAPI 2 the proof at /par has named it (RFC 9449 10.1).
        bound = bound or client_id == "fapi"
        jkt = thumbprint(KEYS["one"].as_dict(private=False)) if bound else None
        text, asked = self.world.code(client_id, self.cookie, dpop_jkt=jkt)
        if client_id not in self.sign_ins or not self.sign_ins[client_id].lives:
            self.sign_ins[client_id] = SignIn(client_id)
        sign_in = self.sign_ins[client_id]
        code = Code(text, asked, sign_in, "one" if bound else None, self.world.clock() + CODE_SECONDS)
        self.known.append(code)
        return code

    @rule(target=codes, client_id=CLIENTS, bound=st.booleans(), wrong=WRONG, times=TIMES, seed=SEEDS)
    def sign_in_and_redeem(self, client_id: str, bound: bool, wrong: str, times: int, seed: int) -> Code:
        """The person signs in, and somebody redeems the code as soon as it is there."""
        code = self._new_code(client_id, bound)
        self._redeem(code, wrong, times, seed)
        return code

    @rule(code=codes, wrong=WRONG, times=TIMES, seed=SEEDS)
    def redeem(self, code: Code, wrong: str, times: int, seed: int) -> None:
        """Somebody redeems one, perhaps several times at once."""
        self._redeem(code, wrong, times, seed)

    def _redeem(self, code: Code, wrong: str, times: int, seed: int) -> None:
        own, by_its_client = code.sign_in.client_id, wrong != "client"
        client_id = own if by_its_client else OTHER[own]
        key = "two" if wrong == "key" else (code.bound_to or PROVES[client_id])
        answers = self.world.call(
            client_id,
            "/token",
            {
                "grant_type": "authorization_code",
                "code": code.text,
                "redirect_uri": code.asked.parameters["redirect_uri"],
                "code_verifier": code.asked.code_verifier if wrong != "verifier" else made_up(),
            },
            key,
            times,
            seed,
        )
        good = [one.json() for one in answers if one.status_code == 200]
        assert {one.json()["error"] for one in answers if one.status_code != 200} <= {"invalid_grant"}
        due = (
            by_its_client
            and wrong != "verifier"
            and code.bound_to in (None, key)
            and code.sign_in.lives
            and not code.redeemed
            and self.world.clock() < code.ends_at
        )
        assert len(good) == due, [one.text for one in answers]
        code.tokens += [(one["access_token"], self.world.clock() + TOKEN_SECONDS) for one in good]
        if by_its_client and (code.redeemed or len(answers) > len(good) > 0):
            # Its own client showed it twice: one of the two has stolen it, and nobody knows which.
            code.sign_in.lives = False
        code.redeemed = code.redeemed or bool(good)

    @rule(code=codes, by_its_client=st.booleans())
    @precondition(lambda self: any(code.tokens for code in self.known))
    def revoke(self, code: Code, by_its_client: bool) -> None:
        """A client revokes an access token: its own, or tries to revoke another client's (RFC 7009 2.1)."""
        own = code.sign_in.client_id
        for text, _ in code.tokens:
            (answer,) = self.world.call(own if by_its_client else OTHER[own], "/revoke", {"token": text})
            assert answer.status_code == 200 or not by_its_client
        if by_its_client:
            code.tokens.clear()

    @rule()
    def log_out(self) -> None:
        """The person logs out and in again."""
        self.world.log_out(self.cookie)
        self._logged_out()

    def _logged_out(self) -> None:
        for sign_in in self.sign_ins.values():
            sign_in.lives = False
        (answer,) = self.world.visit(self.world.client("alpha").ask(prompt="none").parameters, signed_in(self.cookie))
        assert answered(answer)["error"] == "login_required"
        self.cookie = self.world.session()

    @rule(target=codes, client_id=st.sampled_from(["alpha", "brief"]), seed=SEEDS)
    def log_out_in_another_window(self, client_id: str, seed: int) -> MultipleResults[Code]:
        """The person logs out while they sign in at a client: what comes of it is worth nothing."""
        asked = self.world.client(client_id).ask()
        leaving = self.world.logging_out(self.cookie)
        (answer,) = self.world.visit(asked.parameters, signed_in(self.cookie), 1, seed, leaving)
        self._logged_out()
        text = answered(answer).get("code")
        if text is None:
            return multiple()
        code = Code(text, asked, SignIn(client_id, lives=False), None, self.world.clock() + CODE_SECONDS)
        self.known.append(code)
        self._redeem(code, "", 1, seed)
        return multiple(code)

    @rule(seconds=st.sampled_from([1, 59, 60, 61, 239]))
    def wait(self, seconds: int) -> None:
        """Time passes; not so much that the session is idle too long (test_session.py has that)."""
        self.world.wait(seconds)

    @rule()
    @precondition(lambda self: self.may_restart)
    def restart(self) -> None:
        """The provider is started anew on the same state."""
        self.may_restart = False
        self.world.restart()

    @invariant()
    def tokens_are_worth_what_their_sign_in_is(self) -> None:
        """An access token is active exactly as long as it, and what it came of, lives."""
        for code in getattr(self, "known", []):
            for text, ends_at in code.tokens:
                due = code.sign_in.lives and self.world.clock() < ends_at
                assert self.world.access_token_is_active(text) == due


TestCode = CodeMachine.TestCase
TestCode.settings = bounded(40)
