"""POST /revoke (RFC 7009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer
from idp.endpoints.parts import parts
from web.forms import form_parameters


async def revoke(request: Request) -> Response:
    """Revoke a token of the authenticated client; a token that is not valid is revoked already (RFC 7009 2.2)."""
    parameters = await form_parameters(request)
    return json_answer(await parts(request).token_endpoint.revoke(parameters, request.headers))
