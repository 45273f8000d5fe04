"""A JSON object that came as the body of a request, read strictly (RFC 8259 4, 8)."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request

from web.forms import BadForm, body


async def json_object(request: Request, limit: int) -> dict[str, Any]:
    """Read an application/json body of at most `limit` bytes. Raises BadForm, also on a name that comes twice."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadForm("The body must be application/json.", 415)
    raw = await body(request, limit)
    try:
        read = json.loads(raw.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_no_number)
    except BadForm:
        raise
    except (ValueError, RecursionError) as error:
        raise BadForm("The body cannot be read as JSON.") from error
    if not isinstance(read, dict):
        raise BadForm("The body must be a JSON object.")
    return read


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers could each see another of the two values.
    if len({name for name, _ in pairs}) < len(pairs):
        raise BadForm("A name comes twice in one object of the body.")
    return dict(pairs)


def _no_number(name: str) -> NoReturn:
    raise BadForm("NaN and Infinity are no JSON.")
