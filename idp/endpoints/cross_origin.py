"""Endpoints that scripts of other origins may ask directly (CORS): Core 5.3, RFC 9700 2.6.

Whoever asks there shows a token or a code; no cookie counts, so that it does not matter whose page the script is of.
/authorize is none of them, and never will be.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idp.features import Features

PREFLIGHT_SECONDS = 3600
_ANY_ORIGIN = {"access-control-allow-origin": "*"}
_OPEN = Headers({**_ANY_ORIGIN, "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate"}).raw


def shared(features: Features) -> Mapping[str, str]:
    """Return the methods of each path that is open to scripts: /userinfo, and the rest where clients can be public."""
    for_public_clients = ("/token", "/par", "/revoke") if "none" in features.client_auth_methods else ()
    return {"/userinfo": "GET, POST", **dict.fromkeys(for_public_clients, "POST")}


class CrossOrigin:
    """ASGI middleware: answers preflights to the paths in `methods`, and lets scripts read what else is answered."""

    def __init__(self, app: ASGIApp, methods: Mapping[str, str]) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        allowed = self._methods.get(scope["path"]) if scope["type"] == "http" else None
        if allowed is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
            await _preflight(allowed)(scope, receive, send)
        else:
            await self._app(scope, receive, _opening(send))


def _preflight(allowed: str) -> Response:
    headers = {
        **_ANY_ORIGIN,
        "access-control-allow-methods": allowed,
        "access-control-allow-headers": "Authorization, Content-Type, DPoP",
        "access-control-max-age": str(PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers)


def _opening(send: Send) -> Send:
    async def opening(message: Message) -> None:
        if message["type"] == "http.response.start":
            # None of these endpoints sets one itself.
            message = {**message, "headers": [*message.get("headers", ()), *_OPEN]}
        await send(message)

    return opening
