"""A JSON object that came as the body of a request, read strictly (RFC 8259 4, 8)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from web.forms import BadForm, body
from web.strict_json import read_object


async def json_object(request: Request, limit: int) -> dict[str, Any]:
    """Read an application/json body of at most `limit` bytes. Raises BadForm, also on a name that comes twice."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadForm("The body must be application/json.", 415)
    try:
        return read_object(await body(request, limit))
    except BadForm:
        raise
    except ValueError as error:
        raise BadForm("The body must be a JSON object in which no name comes twice.") from error
