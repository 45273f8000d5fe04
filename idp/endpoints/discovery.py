"""GET /.well-known/openid-configuration and GET /jwks (Discovery 3 and 4, RFC 8414)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.endpoints.parts import parts
from idp.oauth.metadata import metadata

_HEADERS = {
    "cache-control": "public, max-age=60",
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
}


async def discovery(request: Request) -> Response:
    """Answer with the provider's metadata."""
    return JSONResponse(metadata(parts(request).issuer, parts(request).settings.features), headers=_HEADERS)


async def jwks(request: Request) -> Response:
    """Answer with the public keys: those in use, those to come, those whose tokens may still live (Core 10.1.1)."""
    return JSONResponse(dict(parts(request).keys.public_set()), headers=_HEADERS)
