"""POST /introspect (RFC 7662)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer
from idp.endpoints.parts import parts
from web.forms import form_parameters


async def introspect(request: Request) -> Response:
    """Tell an authenticated client what a token that concerns it is worth right now."""
    parameters = await form_parameters(request)
    return json_answer(await parts(request).token_endpoint.introspect(parameters, request.headers))
