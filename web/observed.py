"""The one place that every request goes through: there it gets its trace, and is timed and counted."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from web import trace
from web.exact_paths import ExactApp
from web.metrics import RequestTimes

NO_ROUTE = "none"
"""What requests are counted under whose path is no route: paths are others' words, and there is no end of them."""


class ObservedApp(ExactApp):
    """An application whose requests are traced and timed; routes are added before it is served."""

    def __init__(self, times: RequestTimes, **options: Any) -> None:
        super().__init__(**options)
        self._times = times
        self._plain: frozenset[str] | None = None
        self._templates: Mapping[Any, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        trace.begin(scope["headers"])
        status, began = 500, perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await super().__call__(scope, receive, noting)
        finally:
            self._times.note(self._endpoint(scope), scope["method"], status, perf_counter() - began)

    def refused(self, status: int) -> None:
        """Count a request that was refused before it came here."""
        self._times.refused(status)

    def _endpoint(self, scope: Scope) -> str:
        if self._plain is None:
            self._learn_routes()
        path: str = scope["path"]
        if self._plain and path in self._plain:
            return path
        # The router leaves in the scope whom it chose.
        return self._templates.get(scope.get("endpoint"), NO_ROUTE)

    def _learn_routes(self) -> None:
        routes = self.router.routes
        self._plain = frozenset(one.path for one in routes if isinstance(one, Route) and not one.param_convertors)
        self._templates = {
            **{one.endpoint: one.path for one in routes if isinstance(one, Route)},
            **{one.app: one.path for one in routes if isinstance(one, Mount)},
        }
