"""GET and POST /userinfo (Core 5.3, RFC 6750)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer, jwt_answer
from idp.endpoints.parts import Parts, parts
from idp.errors import TokenRefusal
from idp.model import Client
from idp.oauth import claims
from idp.oauth.access_token import ActiveToken, Inactive
from idp.oauth.signing import sign
from web.forms import FORM, form_parameters, query_parameters


async def userinfo(request: Request) -> Response:
    """Give the claims that were asked for and granted, as JSON or as a JWT."""
    shop = parts(request)
    try:
        token = await _bearer(request)
        active = await _active(shop, token)
        person = await shop.stores.people.by_id(active.grant.user_id)
        if person is None or person.frozen:
            raise TokenRefusal("invalid_token", "The access token is not valid.", reason="account frozen", status=401)
        client = await shop.clients.find(active.grant.client_id)
        if client is None:
            raise TokenRefusal("invalid_token", "The access token is not valid.", reason="client gone", status=401)
    except TokenRefusal as refusal:
        refusal.headers["www-authenticate"] = _challenge(shop.issuer, refusal)
        raise
    return _answer(shop, client, claims.userinfo(person, active.grant, active.scope))


def _answer(shop: Parts, client: Client, told: dict[str, Any]) -> Response:
    """Core 5.3.2: signed for a client that is registered so, then with `iss` and `aud`."""
    alg = client.userinfo_signed_response_alg
    if alg is None:
        return json_answer(told)
    # No `exp`: an ID token has one, so that neither can be taken for the other (RFC 8725 3.12).
    return jwt_answer(sign(shop.keys, alg, "JWT", {**told, "iss": shop.issuer, "aud": client.client_id}))


async def _bearer(request: Request) -> str:
    """Return the token from the header or, by POST, from the form; never from the query, never from two places."""
    if query_parameters(request).get("access_token") is not None:
        raise TokenRefusal("invalid_request", "An access token in the query is refused.")
    tokens = []
    for header in request.headers.getlist("authorization"):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            # RFC 6750 3.1: another scheme is as good as no token.
            continue
        if not value.strip() or "," in value:
            raise TokenRefusal("invalid_request", "Authorization must be Bearer and one token.")
        tokens.append(value.strip())
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        parameters = await form_parameters(request)
        if "access_token" in parameters.repeated():
            raise TokenRefusal("invalid_request", "access_token is repeated.")
        tokens += parameters.all("access_token")
    if not tokens:
        # RFC 6750 3.1: a request without any token learns no error code.
        raise TokenRefusal("invalid_token", "An access token is needed.", reason=_NO_TOKEN, status=401)
    if len(tokens) > 1:
        raise TokenRefusal("invalid_request", "More than one access token was sent.")
    return tokens[0]


async def _active(shop: Parts, token: str) -> ActiveToken:
    try:
        active = await shop.access_tokens.active(token)
    except Inactive as inactive:
        raise TokenRefusal(
            "invalid_token", "The access token is not valid.", reason=str(inactive), status=401
        ) from inactive
    if shop.issuer not in active.audience:
        reason = f"aud is {active.audience}"
        raise TokenRefusal("invalid_token", "The access token is not meant for this.", reason=reason, status=401)
    if "openid" not in active.scope:
        raise TokenRefusal("insufficient_scope", "The scope openid is needed.", status=403)
    return active


_NO_TOKEN = "no token"


def _challenge(issuer: str, refusal: TokenRefusal) -> str:
    realm = f'Bearer realm="{issuer}"'
    if refusal.reason == _NO_TOKEN:
        return realm
    scope = ', scope="openid"' if refusal.code == "insufficient_scope" else ""
    return f'{realm}, error="{refusal.code}", error_description="{refusal.public}"{scope}'
