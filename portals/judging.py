"""How this portal judges tokens: what it expects for each use, and the keys, fetched anew for an unknown `kid`."""

from __future__ import annotations

from typing import Any

from portals.counted import Metrics
from portals.levels import ACR_VALUES
from portals.portal import Portal
from portals.provider import Provider
from portals.stores.endings import Endings, Known
from portals.stores.proofs import name_of
from portals.stores.sessions import Session
from portals.verdict import Expectation, Presentation, Use, Verdict, VerificationKeys, judge
from web.clock import Clock
from web.dpop import Proof

NOTHING = Known(sid_ended=False, jti_seen=False, proof_seen=False)


class Judge:
    """Judges the tokens that reach one portal; the verdict itself is verdict.judge."""

    def __init__(
        self, portal: Portal, provider: Provider, clock: Clock, endings: Endings, jkt: str, metrics: Metrics
    ) -> None:
        self._jkt = jkt
        self._metrics = metrics
        self._provider = provider
        self._clock = clock
        self._endings = endings
        self._always: dict[str, Any] = {
            "issuer": provider.issuer,
            "client_id": portal.client_id,
            "audience": portal.audience,
            "algs": (portal.signing_alg,),
            "other_portals": portal.others,
        }

    def _expectation(self, use: Use, **known: Any) -> Expectation:
        """Return what every token of `use` must meet here, and what is known of this one."""
        return Expectation(use=use, now=self._clock(), **self._always, **known)

    async def new_id_token(self, token: str, nonce: str, access_token: str) -> Verdict:
        """Judge the ID token of an authorization response (OpenID Connect Core 3.1.3.7)."""
        expect = self._expectation(
            "id_token",
            nonce=nonce, acr=ACR_VALUES, access_token=access_token,
        )  # fmt: skip
        return await self._judge(token, expect)

    async def refreshed_id_token(self, token: str, session: Session, access_token: str) -> Verdict:
        """Judge the ID token that a refresh brought to `session` (OpenID Connect Core 12.2)."""
        expect = self._expectation(
            "refreshed_id_token",
            sub=session.sub, sid=session.sid, auth_time=session.auth_time, acr=ACR_VALUES,
            access_token=access_token,
        )  # fmt: skip
        return await self._judge(token, expect)

    async def access_token(self, token: str, presented: Presentation) -> Verdict:
        """Judge an access token that came to this portal's API, and the proof beside it (RFC 9068 4, RFC 9449 7.1)."""
        return await self._judge(token, self._expectation("access_token", presented=presented))

    async def tokens_of(self, session: Session) -> tuple[Verdict, Verdict]:
        """Judge the ID token and the access token that `session` holds, as they are now, by all that it knows."""
        known = self._expectation(
            "access_token",
            sub=session.sub, sid=session.sid, auth_time=session.auth_time, acr=ACR_VALUES, jkt=self._jkt,
        )  # fmt: skip
        first = session.nonce if session.id_token_use == "id_token" else None
        of_id_token = self._expectation(
            session.id_token_use,
            sub=session.sub, sid=session.sid, auth_time=session.auth_time, acr=ACR_VALUES, nonce=first,
            access_token=session.access_token,
        )  # fmt: skip
        return await self._judge(session.id_token, of_id_token), await self._judge(session.access_token, known)

    async def logout_token(self, token: str) -> Verdict:
        """Judge a logout token (OpenID Connect Back-Channel Logout 2.6)."""
        return await self._judge(token, self._expectation("logout_token"))

    async def _judge(self, token: str, expect: Expectation) -> Verdict:
        verdict = await self._judged(token, expect)
        self._metrics.verdict(expect.use, verdict.code)
        return verdict

    async def _judged(self, token: str, expect: Expectation) -> Verdict:
        keys = await self._provider.keys()
        verdict = await self._remembering(token, expect, keys)
        kid = verdict.header.get("kid")
        if verdict.accepted or not isinstance(kid, str) or kid in keys.kids:
            return verdict
        newer = await self._provider.keys_with(kid)
        return await self._remembering(token, expect, newer) if newer is not keys else verdict

    async def _remembering(self, token: str, expect: Expectation, keys: VerificationKeys) -> Verdict:
        """Judge by what the store knows as well.

        The checks are in one piece, and the store may be far: so a first judgement finds out what they ask of it, all
        of it is asked at once, and where an answer is yes, which is seldom, they judge again with the answers. Nothing
        is asked for a token that fails before, as every forged one does.
        """
        asked = _Asked()
        verdict = judge(token, asked.told_to(expect), keys)
        if asked.sid is None and asked.jti is None and asked.proof is None:
            return verdict
        proof = name_of(asked.proof) if asked.proof is not None else None
        asked.known = await self._endings.known(asked.sid, asked.jti, proof)
        return verdict if asked.known == NOTHING else judge(token, asked.told_to(expect), keys)


class _Asked:
    """What the checks of one token ask of the store, and what it has answered so far."""

    def __init__(self) -> None:
        self.known = NOTHING
        self.sid: str | None = None
        self.jti: str | None = None
        self.proof: Proof | None = None

    def told_to(self, expect: Expectation) -> Expectation:
        """Return what is expected, with this as the memory."""
        return expect._replace(sid_ended=self._sid_ended, jti_seen=self._jti_seen, proof_seen=self._proof_seen)

    def _sid_ended(self, sid: str) -> bool:
        self.sid = sid
        return self.known.sid_ended

    def _jti_seen(self, jti: str) -> bool:
        self.jti = jti
        return self.known.jti_seen

    def _proof_seen(self, proof: Proof) -> bool:
        self.proof = proof
        return self.known.proof_seen
