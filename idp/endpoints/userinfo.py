"""GET and POST /userinfo (Core 5.3); endpoints/presented_token.py says how the token must come."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer, jwt_answer
from idp.endpoints.parts import Parts, parts
from idp.endpoints.presented_token import accepted, challenges, scheme_of
from idp.errors import TokenRefusal
from idp.model import Client
from idp.oauth import claims
from idp.oauth.signing import sign


async def userinfo(request: Request) -> Response:
    """Give the claims that were asked for and granted, as JSON or as a JWT."""
    shop = parts(request)
    try:
        active = await accepted(shop, request)
        if "openid" not in active.scope:
            raise TokenRefusal("insufficient_scope", "The scope openid is needed.", status=403)
        person = await shop.stores.people.by_id(active.grant.user_id)
        if person is None or person.frozen:
            raise TokenRefusal("invalid_token", "The access token is not valid.", reason="account frozen", status=401)
        client = await shop.clients.find(active.grant.client_id)
        if client is None:
            raise TokenRefusal("invalid_token", "The access token is not valid.", reason="client gone", status=401)
    except TokenRefusal as refusal:
        refusal.headers["www-authenticate"] = challenges(shop.issuer, refusal, scheme_of(request))
        raise
    response = _answer(shop, client, claims.userinfo(person, active.grant, active.scope))
    if scheme_of(request) == "DPoP":
        # RFC 9449 8.2: the next proof can have the nonce of now.
        response.headers.update(shop.proofs.headers())
    return response


def _answer(shop: Parts, client: Client, told: dict[str, Any]) -> Response:
    """Core 5.3.2: signed for a client that is registered so, then with `iss` and `aud`."""
    alg = client.userinfo_signed_response_alg
    if alg is None:
        return json_answer(told)
    # No `exp`: an ID token has one, so that neither can be taken for the other (RFC 8725 3.12).
    return jwt_answer(sign(shop.keys, alg, "JWT", {**told, "iss": shop.issuer, "aud": client.client_id}))
