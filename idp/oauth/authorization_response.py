"""Authorization responses: code or error, with `state` byte for byte and `iss` (RFC 6749 4.1.2, RFC 9207 2)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from idp.errors import RedirectRefusal
from idp.keys import KeyRing
from idp.model import AuthorizationRequest, Client, Grant, SignIn
from idp.oauth import jarm
from idp.oauth.authorization_request import Destination
from idp.oauth.response_mode import JWT_MODES
from idp.oauth.secret_hash import hash_of
from idp.people.sessions import SignedIn
from idp.stores.protocols import Grants
from web.clock import Clock


def add_parameters(uri: str, parameters: list[tuple[str, str]]) -> str:
    """Return `uri` with `parameters` added to its query, which stays as it was registered (RFC 6749 3.1.2)."""
    parts = urlsplit(uri)
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))


@dataclass(frozen=True)
class AuthorizationResponse:
    """What goes to the client's redirect_uri, and by which response_mode (query, fragment or form_post)."""

    client: Client
    redirect_uri: str
    response_mode: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """The address to send the browser to, where the mode is query or fragment."""
        if self.response_mode == "fragment":
            # Read by scripts, of which some take "+" for itself; %20 is a space to all of them.
            return f"{self.redirect_uri}#{urlencode(self.parameters, quote_via=quote)}"
        return add_parameters(self.redirect_uri, list(self.parameters))


@dataclass(frozen=True)
class Responder:
    """Puts responses together; where the mode is one of JWTs, signs them (JARM 2)."""

    keys: KeyRing
    issuer: str
    clock: Clock

    def success(self, to: Destination, issued: Sequence[tuple[str, str]]) -> AuthorizationResponse:
        """Return the response with what was issued: a code, tokens, or both."""
        return self._response(to, issued)

    def failure(self, to: Destination, refusal: RedirectRefusal) -> AuthorizationResponse:
        """Return the response that tells a refusal; its texts are ASCII."""
        return self._response(to, [("error", refusal.code), ("error_description", refusal.public)])

    def _response(self, to: Destination, parameters: Sequence[tuple[str, str]]) -> AuthorizationResponse:
        state = [("state", to.state)] if to.state is not None else []
        every = (*parameters, *state, ("iss", self.issuer))  # RFC 9207 2
        mode = JWT_MODES.get(to.response_mode)
        if mode is None:
            return AuthorizationResponse(to.client, to.redirect_uri, to.response_mode, every)
        # JARM 2.1: everything is inside, and nothing beside it.
        signed = jarm.mint(self.keys, self.issuer, to.client, every, self.clock())
        return AuthorizationResponse(to.client, to.redirect_uri, mode, (("response", signed),))


async def issue_code(
    grants: Grants, request: AuthorizationRequest, signed_in: SignedIn, sign_in: SignIn, now: float, lifetime: float
) -> str:
    """Keep a new grant and return its code: 256 bit, good for `lifetime` seconds (RFC 6749 4.1.2)."""
    code = secrets.token_urlsafe(32)
    grant = Grant(
        grant_id=secrets.token_urlsafe(12),
        client_id=request.client.client_id,
        user_id=signed_in.person.user_id,
        session_id=sign_in.session_id,
        sid=sign_in.sid,
        sub=sign_in.sub,
        redirect_uri=request.redirect_uri,
        scope=request.scope,
        resource=request.resource,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        auth_time=signed_in.session.auth_time,
        level=min(signed_in.session.level, signed_in.person.level),
        amr=signed_in.session.amr,
        issued_at=now,
        code_expires_at=now + lifetime,
        offline="offline_access" in request.scope,
        claims=request.claims,
        dpop_jkt=request.dpop_jkt,
    )
    await grants.issue(grant, hash_of(code))
    return code
