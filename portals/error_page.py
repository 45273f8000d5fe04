"""What a person gets when something is refused: what happened, what to do, and the number that the log has it under."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.errors import RETRY_AFTER, Problem, new_incident
from portals.frame import page
from portals.parts import parts_of
from portals.refusals import noted
from portals.visitor import Visitor, visitor_at
from web import trace
from web.forms import BadForm
from web.unavailable import StoreUnavailable

log = logging.getLogger("portals")
USED_UP = ("/callback", "/login")
PROGRAM_PATHS = ("/api/", "/backchannel-logout", "/jwks", "/healthz")
"""Here programs ask, so that they are answered in JSON."""
STORE_UNAVAILABLE = "store_unavailable"


def register(app: FastAPI) -> None:
    """Make every refusal and failure of `app` a page."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(BadForm, _bad_form)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return await _page(request, error)


async def _bad_form(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadForm)
    return await _page(request, Problem("bad_request", error.reason, status=error.status))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "bad_request")
    problem = Problem(code, f"{request.method} {request.url.path}", status=error.status_code)
    return await _page(request, problem, dict(error.headers or {}))


async def _unavailable(request: Request, error: Exception) -> Response:
    """Answer where nothing can be kept now; who is signed in is not looked up, since that would fail as well."""
    incident = noted(parts_of(request), Problem(STORE_UNAVAILABLE, str(error), status=503))
    headers = {"retry-after": RETRY_AFTER}
    if request.url.path.startswith(PROGRAM_PATHS):
        body = {"error": "temporarily_unavailable", "incident": incident}
        return JSONResponse(body, 503, {**headers, "cache-control": "no-store"})
    return page(
        request, "problem.html", None, status=503, headers=headers, here=_here(request),
        code=STORE_UNAVAILABLE, incident=incident, trace_id=trace.current(), again=None,
    )  # fmt: skip


async def _unexpected(request: Request, error: Exception) -> Response:
    incident = new_incident()
    log.error("incident %s: unexpected %s", incident, type(error).__name__, exc_info=error)
    parts_of(request).metrics.problem("unexpected")
    return page(
        request, "problem.html", None, status=500, here="/",
        code="unexpected", incident=incident, trace_id=trace.current(), again=None,
    )  # fmt: skip


async def _page(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    incident = noted(parts_of(request), problem)
    sent = {**(headers or {}), **({"retry-after": RETRY_AFTER} if problem.status == 503 else {})}
    return page(
        request, "problem.html", await _visitor(request), status=problem.status, headers=sent, here=_here(request),
        code=problem.code, incident=incident, trace_id=trace.current(), again=problem.again,
    )  # fmt: skip


async def _visitor(request: Request) -> Visitor | None:
    """Return who is signed in, for the page's head; what was wrong is told also where nobody can be looked up."""
    try:
        return await visitor_at(request)
    except StoreUnavailable:
        return None


def _here(request: Request) -> str:
    """Return where the language switch of an error page leads: never to a query that was refused or is used up."""
    return request.url.path if request.method == "GET" and request.url.path not in USED_UP else "/"
