"""The authorization code grant at the token endpoint: what has to be true of a code before it is used up.

RFC 6749 4.1.3 and 5.2. Written plainly, since nearly every token request is one (docs/decisions/0003-authlib.md).
"""

from __future__ import annotations

from idp.errors import TokenRefusal
from idp.model import Grant
from idp.oauth import pkce
from idp.oauth.request import Loaded
from web import base64url
from web.forms import Parameters

GRANT_TYPE = "authorization_code"


def new(grant: Grant) -> str:
    """Return a new code of a grant: 256 random bits after the grant's identifier, by which it is found."""
    return f"{grant.grant_id}.{base64url.random(32)}"


def grant_id_of(code: str) -> str:
    """Return the identifier of the grant that a code names."""
    return code.partition(".")[0]


def check(parameters: Parameters, loaded: Loaded) -> None:
    """Check client, code, redirect_uri and PKCE against the grant that was loaded for the code. Raises TokenRefusal."""
    client, grant = loaded.client.client, loaded.grant
    if GRANT_TYPE not in client.grant_types:
        raise TokenRefusal("unauthorized_client", "The client is not registered for this grant_type.")
    if parameters.get("code") is None:
        raise TokenRefusal("invalid_request", "code is missing.")
    why = _why_not(loaded)
    if grant is None or why is not None:
        raise TokenRefusal("invalid_grant", "The code is not valid.", reason=why or "no such code")
    if parameters.get("redirect_uri") != grant.redirect_uri:
        raise TokenRefusal("invalid_grant", "redirect_uri is not that of the authorization request.")
    public = client.token_endpoint_auth_method == "none"
    pkce.check(parameters.get("code_verifier"), grant.code_challenge, public=public)


def _why_not(loaded: Loaded) -> str | None:
    """Return why the code is not this client's, unused and in time."""
    grant = loaded.grant
    if grant is None:
        return "no such code"
    if grant.client_id != loaded.client.client.client_id:
        return f"the code was issued to {grant.client_id}"
    if grant.redeemed_at is not None:
        return "the code was redeemed before"
    if grant.revoked_at is not None:
        return "the sign-in of this code has ended"
    if grant.code_expires_at <= loaded.now:
        return "the code has expired"
    if grant.dpop_jkt is not None and grant.dpop_jkt != loaded.jkt:
        return "the code is bound to another DPoP key"
    if loaded.person is None or loaded.person.frozen:
        return "the account is frozen"
    return None
