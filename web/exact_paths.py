"""The short way to an endpoint whose path has no parameters: one look in a dict instead of a stack of middleware.

FastAPI's own way costs ten times as much as the request object and the answer together; everything that is not found
here still goes that way: other methods, unknown paths, mounts. What an endpoint raises is answered as there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


class _PlainState(State):
    """What an application keeps, as plain attributes: Starlette looks for each at two places, by two calls."""

    __setattr__ = object.__setattr__  # type: ignore[assignment]  # the same, of any object
    __delattr__ = object.__delattr__


class ExactApp(FastAPI):
    """A FastAPI application whose plain routes are found by method and path; routes are added before it is served.

    Its exception handlers are by class of exception, and run in the loop.
    """

    _endpoints: Mapping[tuple[str, str], Endpoint] | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.state = _PlainState()
        self._entry: ASGIApp = self._answer

    def add_middleware(self, middleware_class: Callable[..., ASGIApp], *args: Any, **options: Any) -> None:
        """Put middleware around both ways; where FastAPI puts it, it would not be met on the short one."""
        self._entry = middleware_class(self._entry, *args, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        scope["app"] = self
        await self._entry(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._endpoints is None:
            self._endpoints = self._plain_routes()
        endpoint = self._endpoints.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None:
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            handler = self._handler(error)
            if handler is not None:
                answer = handler(request, error)
                await (answer if isinstance(answer, Response) else await answer)(scope, receive, send)
            if handler is None or handler is self.exception_handlers.get(Exception):
                # A fault of ours is for the server's log, too.
                raise
            return
        await response(scope, receive, send)

    def _plain_routes(self) -> Mapping[tuple[str, str], Endpoint]:
        found: dict[tuple[str, str], Endpoint] = {}
        for route in self.router.routes:
            if isinstance(route, Route) and not route.param_convertors:
                for method in route.methods or ():
                    # The first of two wins, as in a list of routes.
                    found.setdefault((method, route.path), route.endpoint)
        return found

    def _handler(self, error: Exception) -> Handler | None:
        handlers = self.exception_handlers
        return next((handlers[one] for one in type(error).__mro__ if one in handlers), None)
