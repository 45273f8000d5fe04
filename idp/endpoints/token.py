"""POST /token (RFC 6749 3.2, Core 3.1.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer
from idp.endpoints.parts import parts
from web.forms import form_parameters


async def token(request: Request) -> Response:
    """Answer a token request; parameters in the query are not looked at."""
    parameters = await form_parameters(request)
    answer, headers = await parts(request).token_endpoint.token(parameters, request.headers)
    return json_answer(answer, headers=headers)
