"""/api/items/{code}: whether the person of an access token may start an item, and if not, what the token lacks.

Whoever asks learns it in the words that OAuth has for it, and can go and get what is missing: a log-in of a higher
level (RFC 9470 3) or a scope (RFC 6750 3.1).
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.api.presented import NO_STORE, Refused, answered
from portals.items import gate
from portals.levels import ACR_VALUES, level_of
from portals.parts import Parts


async def item(request: Request) -> Response:
    """Answer GET /api/items/{code} with the item, if the token is enough for it; 404 if there is no such item."""
    return await answered(request, _answer)


def _answer(parts: Parts, claims: dict[str, Any], request: Request) -> Response:
    wanted = parts.portal.item(request.path_params["code"])
    if wanted is None:
        return JSONResponse({"error": "unknown_item"}, 404, NO_STORE)
    # What the provider holds of a person is not in the token: what was granted counts as there.
    found = gate(wanted, level_of(claims.get("acr")), claims.get("scope", "").split(), wanted.needs)
    if "legal_only" in found.steps:
        # No token would do, so there is no challenge to get another one.
        return JSONResponse({"error": "legal_persons_only", "item": wanted.code}, 403, NO_STORE)
    if "raise_level" in found.steps:
        raise Refused(401, "insufficient_user_authentication", acr_values=" ".join(ACR_VALUES[wanted.level - 1 :]))
    if "consent" in found.steps:
        raise Refused(403, "insufficient_scope", scope=" ".join(("openid", *wanted.needs)))
    told = {"item": wanted.code, "name": dict(wanted.name), "level": wanted.level, "mode": wanted.mode}
    return JSONResponse({**told, "where": list(wanted.where), "portal": parts.portal.client_id}, headers=NO_STORE)
