"""What the authorization endpoint itself issues: a code, an access token, an ID token, as the response_type says.

RFC 6749 4.1.2 and 4.2.2, Core 3.1.2.5, 3.2.2.5 and 3.3.2.5, Multiple Response Types 3 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.audit import Auditor
from idp.errors import RedirectRefusal
from idp.keys import KeyRing
from idp.model import AuditEvent, AuthorizationRequest, Grant, Person, SignIn, grant_ids_from
from idp.oauth import access_token, authorization_code, claims, id_token
from idp.oauth.secret_hash import hash_of
from idp.people.sessions import SignedIn
from idp.stores.protocols import Grants
from web import base64url
from web.clock import Clock

Issued = list[tuple[str, str]]
"""Parameters of an authorization response."""


@dataclass(frozen=True)
class FrontChannel:
    """Keeps a new grant and makes what its request asked for; the lifetimes are seconds."""

    grants: Grants
    auditor: Auditor
    keys: KeyRing
    issuer: str
    clock: Clock
    code_seconds: int
    access_token_seconds: int
    id_token_seconds: int

    async def issue(
        self, asked: AuthorizationRequest, signed_in: SignedIn, sign_in: SignIn, event: AuditEvent
    ) -> Issued:
        """Return what goes through the browser to the client; `event` is kept with the grant.

        Raises RedirectRefusal if the sign-in ended just now.
        """
        wanted = asked.response_type.split()
        # Tokens without a code have a grant as well, so that whatever revokes a grant reaches them; its code is told
        # to nobody, and has expired.
        lifetime = self.code_seconds if "code" in wanted else 0
        grant = _grant(asked, signed_in, sign_in, self.clock(), lifetime)
        code = authorization_code.new(grant)
        code_hash = hash_of(code)
        if not await self.auditor.kept(event, lambda one: self.grants.issue(grant, code_hash, one)):
            raise signed_out()
        issued = [("code", code)] if "code" in wanted else []
        if "token" in wanted:
            issued += self._access_token(asked, grant)
        if "id_token" in wanted:
            issued.append(("id_token", self._id_token(asked, grant, signed_in.person, dict(issued))))
        return issued

    def _access_token(self, asked: AuthorizationRequest, grant: Grant) -> Issued:
        scope = " ".join(grant.scope)
        lifetime = self.access_token_seconds
        token = access_token.mint(self.keys, self.issuer, asked.client, grant, scope, grant.issued_at, lifetime)
        return [("access_token", token), ("token_type", "Bearer"), ("expires_in", str(lifetime)), ("scope", scope)]

    def _id_token(self, asked: AuthorizationRequest, grant: Grant, person: Person, beside: dict[str, str]) -> str:
        # Core 3.3.3.6: where a code is issued the person's claims wait for it, and never see the browser.
        told = {} if "code" in beside else claims.in_id_token(person, grant, alone="access_token" not in beside)
        return id_token.mint(
            self.keys,
            self.issuer,
            asked.client,
            grant,
            beside.get("access_token"),
            grant.issued_at,
            self.id_token_seconds,
            first=True,
            code=beside.get("code"),
            claims=told,
        )


def signed_out() -> RedirectRefusal:
    """Return the refusal of a request whose person logs out, in another window, while it is answered."""
    return RedirectRefusal("login_required", "The person has logged out at this moment.")


def _grant(asked: AuthorizationRequest, signed_in: SignedIn, sign_in: SignIn, now: float, code_seconds: float) -> Grant:
    return Grant(
        # By time, so that the rows of one time lie side by side in the store; what is random keeps them apart.
        grant_id=grant_ids_from(now) + base64url.random(9),
        client_id=asked.client.client_id,
        user_id=signed_in.person.user_id,
        session_id=sign_in.session_id,
        sid=sign_in.sid,
        sub=sign_in.sub,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        resource=asked.resource,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        auth_time=signed_in.session.auth_time,
        level=signed_in.level,
        amr=signed_in.session.amr,
        issued_at=now,
        code_expires_at=now + code_seconds,
        offline="offline_access" in asked.scope,
        claims=asked.claims,
        dpop_jkt=asked.dpop_jkt,
    )
