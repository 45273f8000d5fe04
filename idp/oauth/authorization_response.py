"""Authorization responses: code or error, with `state` byte for byte and `iss` (RFC 6749 4.1.2, RFC 9207 2)."""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlencode, urlsplit, urlunsplit

from idp.errors import RedirectRefusal
from idp.model import AuthorizationRequest, Grant, SignIn
from idp.oauth.authorization_request import Destination
from idp.people.sessions import SignedIn
from idp.stores.protocols import Grants


def hash_of(secret: str) -> str:
    """Return the hash under which a code or refresh token of ours is kept; its entropy makes a fast hash enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_parameters(uri: str, parameters: list[tuple[str, str]]) -> str:
    """Return `uri` with `parameters` added to its query, which stays as it was registered (RFC 6749 3.1.2)."""
    parts = urlsplit(uri)
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))


def success(request: AuthorizationRequest, code: str, issuer: str) -> str:
    """Return the address that takes the code to the client."""
    parameters = [("code", code)]
    if request.state is not None:
        parameters.append(("state", request.state))
    return add_parameters(request.redirect_uri, [*parameters, ("iss", issuer)])


def failure(to: Destination, refusal: RedirectRefusal, issuer: str) -> str:
    """Return the address that takes a refusal to the client; its texts are ASCII."""
    parameters = [("error", refusal.code), ("error_description", refusal.public)]
    if to.state is not None:
        parameters.append(("state", to.state))
    return add_parameters(to.redirect_uri, [*parameters, ("iss", issuer)])


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
    )
    await grants.issue(grant, hash_of(code))
    return code
