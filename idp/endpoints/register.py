"""POST /register (RFC 7591 3); GET, PUT and DELETE /register/{client_id} (RFC 7592 2)."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idp.audit import Event
from idp.endpoints.browser import address
from idp.endpoints.error_page import json_answer
from idp.endpoints.parts import Parts, parts
from idp.errors import RegistrationRefusal
from idp.oauth.secret_hash import hash_of, matches
from web.forms import BadForm
from web.json_body import json_object

BODY_LIMIT = 64 * 1024
# RFC 6750 2.1
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


async def register(request: Request) -> Response:
    """Register a client."""
    shop = parts(request)
    vouched = _admitted(shop, request)
    answer = await shop.registration.register(await _metadata(request), vouched=vouched)
    await _record(request, Event.CLIENT_REGISTERED, answer["client_id"], answer["redirect_uris"][0])
    return json_answer(answer, 201)


async def registered(request: Request) -> Response:
    """Read, change or remove a client, for whoever has its registration_access_token."""
    shop = parts(request)
    token = _token(request)
    try:
        row = await shop.registration.found(request.path_params["client_id"], token)
    except RegistrationRefusal as refusal:
        raise _challenged(shop, refusal, token) from refusal
    assert token is not None
    if request.method == "DELETE":
        await shop.registration.remove(row)
        await _record(request, Event.CLIENT_REMOVED, row.client_id)
        return Response(status_code=204, headers={"cache-control": "no-store", "pragma": "no-cache"})
    if request.method == "PUT":
        answer = await shop.registration.replace(row, token, await _metadata(request))
        await _record(request, Event.CLIENT_CHANGED, row.client_id, answer["redirect_uris"][0])
        return json_answer(answer)
    return json_answer(shop.registration.read(row, token))


def _admitted(shop: Parts, request: Request) -> bool:
    """Return whether an initial access token vouches for who asks. Raises RegistrationRefusal where one is needed."""
    expected, token = shop.settings.idp_initial_access_token, _token(request)
    if expected:
        if token is not None and matches(token, hash_of(expected)):
            return True
    elif shop.settings.demo:
        return False
    refusal = RegistrationRefusal("invalid_token", "A good initial access token is needed.", status=401)
    raise _challenged(shop, refusal, token)


def _token(request: Request) -> str | None:
    headers = request.headers.getlist("authorization")
    found = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    return found[1] if found is not None else None


def _challenged(shop: Parts, refusal: RegistrationRefusal, token: str | None) -> RegistrationRefusal:
    # RFC 6750 3.1: a request without any token learns no error code.
    error = f', error="{refusal.code}", error_description="{refusal.public}"' if token is not None else ""
    refusal.headers["www-authenticate"] = f'Bearer realm="{shop.issuer}"{error}'
    return refusal


async def _metadata(request: Request) -> dict[str, Any]:
    try:
        return await json_object(request, BODY_LIMIT)
    except BadForm as error:
        raise RegistrationRefusal("invalid_client_metadata", error.reason, status=error.status) from error


async def _record(request: Request, event: Event, client_id: str, redirect_uri: str = "") -> None:
    detail = {"redirect_uri": redirect_uri[:200]} if redirect_uri else {}
    await parts(request).auditor.record(event, client_id=client_id, address=address(request), **detail)
