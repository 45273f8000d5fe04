"""What a service says while it is about to stop, so that a proxy before it goes elsewhere and nobody is refused.

It serves on. /readyz answers 503, for whoever asks that; every answer closes its connection, so that none is idle when
the service stops: on an idle one a proxy might just be sending the next request, and a POST it cannot send twice.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

READY_PATH = "/readyz"
CLOSE = (b"connection", b"close")


class Leaving:
    """An application that says, from the moment that `begun` is set, that it will be gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as before, or with the connection's last answer."""
        if not self.begun or scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" and CLOSE not in message["headers"]:
                message = {**message, "headers": [*message["headers"], CLOSE]}
            await send(message)

        if scope["path"] != READY_PATH:
            await self._app(scope, receive, last)
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        await last({"type": "http.response.start", "status": 503, "headers": headers})
        await last({"type": "http.response.body", "body": b"leaving\n"})
