"""The short way to an endpoint answers as FastAPI's own way does, faults included."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from web.exact_paths import ExactApp


class Refusal(Exception):
    """What an endpoint here answers by raising."""


async def fine(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.app.title}")


async def refuses(request: Request) -> Response:
    raise Refusal


async def fails(request: Request) -> Response:
    raise ZeroDivisionError


async def by_parameter(request: Request) -> Response:
    return PlainTextResponse(request.path_params["name"])


async def refusal(request: Request, error: Exception) -> Response:
    return PlainTextResponse("refused", 400)


def fault(request: Request, error: Exception) -> Response:
    return PlainTextResponse("a fault of ours", 500)


class Marks:
    """Middleware that adds a header to whatever is answered."""

    def __init__(self, app: ASGIApp, mark: str) -> None:
        self._app = app
        self._mark = mark

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-mark", self._mark.encode()))
            await send(message)

        await self._app(scope, receive, marked)


@pytest.fixture
def app() -> ExactApp:
    routes = [
        Route("/fine", fine),
        Route("/fine", refuses),
        Route("/refuses", refuses),
        Route("/fails", fails),
        Route("/by/{name}", by_parameter),
    ]
    made = ExactApp(title="exact", routes=routes, redirect_slashes=False)
    made.add_exception_handler(Refusal, refusal)
    made.add_middleware(Marks, mark="here")
    return made


def asks(app: ExactApp, *, raises: bool = False) -> httpx.AsyncClient:
    """Return a client; where it raises, what an endpoint raised comes out as the server would see it."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=raises), base_url="http://app")


async def test_both_ways_lead_to_the_first_route_and_through_the_middleware(app: ExactApp) -> None:
    async with asks(app) as http:
        for method, path, status, text in (
            ("GET", "/fine", 200, "GET exact"),
            ("GET", "/refuses", 400, "refused"),
            ("GET", "/by/name", 200, "name"),
            ("POST", "/fine", 405, None),
            ("GET", "/fine/", 404, None),
            ("GET", "/none", 404, None),
        ):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["x-mark"]) == (status, "here"), path
            assert text is None or answer.text == text


async def test_a_fault_is_answered_by_the_handler_of_faults_and_comes_to_the_servers_log(app: ExactApp) -> None:
    app.add_exception_handler(Exception, fault)
    async with asks(app) as http:
        answer = await http.get("/fails")
        assert (answer.status_code, answer.text) == (500, "a fault of ours")
        assert (await http.get("/refuses")).text == "refused"
    async with asks(app, raises=True) as http:
        with pytest.raises(ZeroDivisionError):
            await http.get("/fails")


async def test_a_fault_that_nobody_handles_comes_to_the_servers_log(app: ExactApp) -> None:
    async with asks(app, raises=True) as http:
        with pytest.raises(ZeroDivisionError):
            await http.get("/fails")
