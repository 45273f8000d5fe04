"""Refusals as people and programs see them: a page with an incident number, or JSON with the specified code."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from idp.audit import Event
from idp.endpoints.browser import address
from idp.endpoints.parts import parts
from idp.errors import PageRefusal, Refusal, RegistrationRefusal, TokenRefusal
from idp.oauth.authorization_response import add_parameters
from web import json_text, trace
from web.forms import BadForm
from web.language import choose
from web.unavailable import StoreUnavailable

log = logging.getLogger("idp")

Handler = Callable[[Request, Exception], Awaitable[Response]]

PROGRAM_PATHS = frozenset(
    {
        "/par",
        "/token",
        "/userinfo",
        "/introspect",
        "/revoke",
        "/jwks",
        "/.well-known/openid-configuration",
        "/healthz",
        "/readyz",
    }
)
"""Here a program asks, so that it is answered in JSON."""

AWAY_SECONDS = 2
"""When to come again if the database is away: most are back, or another took over, in a few seconds."""


def _asked_by_program(request: Request) -> bool:
    path = request.url.path
    registers = f"{path}/".startswith("/register/") and parts(request).settings.features.registration
    return registers or path in PROGRAM_PATHS


_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_NO_SNIFF = {"x-content-type-options": "nosniff"}


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON that nobody keeps (RFC 6749 5.1)."""
    told = json_text.encode(content)
    return Response(told, status, {**_NO_STORE, **_NO_SNIFF, **(headers or {})}, "application/json")


def jwt_answer(token: str) -> Response:
    """Return a JWT that nobody keeps (Core 5.3.2)."""
    return Response(token, headers={**_NO_STORE, **_NO_SNIFF}, media_type="application/jwt")


def error_json(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Return a refusal as RFC 6749 5.2 says, with the incident number under which the log has the reason."""
    body = {"error": refusal.code, "error_description": refusal.public, "incident": refusal.incident}
    return json_answer(body, refusal.status, headers)


async def error_page(request: Request, refusal: PageRefusal) -> Response:
    """Return a refusal as a page: what happened, what to do, an incident number, and where to go on."""
    shop = parts(request)
    language = choose(request)
    links = [{"href": "/", "label": shop.pages.catalogue.text(language, "error.to_zone")}]
    client = await shop.clients.find(refusal.client_id)
    if client is not None:
        label = shop.pages.catalogue.text(language, "error.to_portal", {"portal": client.name(language)})
        start = client.initiate_login_uri
        # Core 4: whoever starts a log-in elsewhere says at which provider.
        href = add_parameters(start, [("iss", shop.issuer)]) if start else client.client_uri
        links.insert(0, {"href": href, "label": label})
    return shop.pages.render(
        request,
        "error.html",
        status=refusal.status,
        here=None if request.method in ("GET", "HEAD") else "/",
        kind=refusal.kind,
        incident=refusal.incident,
        trace_id=trace.current(),
        code=refusal.code,
        description=refusal.public,
        seconds=refusal.seconds,
        headers={"retry-after": str(refusal.seconds)} if refusal.seconds else None,
        links=links,
    )


async def unavailable(request: Request, error: Exception) -> Response:
    """Answer where the database is away: to be tried again, since nothing was done that is not known."""
    refusal = PageRefusal(
        "unavailable",
        "The database cannot be reached.",
        reason=str(error),
        status=503,
        code="temporarily_unavailable",
        seconds=AWAY_SECONDS,
    )
    parts(request).metrics.store_error("request")
    log.warning("incident=%s %s %s %s", refusal.incident, request.method, request.url.path, error)
    if _asked_by_program(request):
        return error_json(refusal, {"retry-after": str(AWAY_SECONDS)})
    return await error_page(request, refusal)


def _unless_away(handler: Handler) -> Handler:
    """Return a handler for a refusal that could not be recorded: what is answered must be in the audit."""

    async def handle(request: Request, error: Exception) -> Response:
        try:
            return await handler(request, error)
        except StoreUnavailable as away:
            return await unavailable(request, away)

    return handle


@_unless_away
async def page_refusal(request: Request, error: Exception) -> Response:
    """Answer a PageRefusal."""
    assert isinstance(error, PageRefusal)
    await parts(request).auditor.refused(Event.PAGE_REFUSED, error, address=address(request))
    return await error_page(request, error)


@_unless_away
async def token_refusal(request: Request, error: Exception) -> Response:
    """Answer a TokenRefusal."""
    assert isinstance(error, TokenRefusal)
    event = Event.AUTHORIZATION_REFUSED if request.url.path == "/par" else Event.TOKEN_REFUSED
    event = Event.REGISTRATION_REFUSED if isinstance(error, RegistrationRefusal) else event
    event = Event.CLIENT_REFUSED if error.code == "invalid_client" else event
    await parts(request).auditor.refused(event, error, address=address(request))
    return error_json(error, error.headers)


async def bad_form(request: Request, error: Exception) -> Response:
    """Answer parameters that cannot be read."""
    assert isinstance(error, BadForm)
    if _asked_by_program(request):
        return await token_refusal(request, TokenRefusal("invalid_request", error.reason, status=error.status))
    return await page_refusal(request, PageRefusal("bad_request", error.reason, status=error.status))


async def http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or a method that a path does not have."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if _asked_by_program(request):
        return error_json(Refusal("invalid_request", "This method is not allowed.", status=error.status_code), headers)
    kind = {404: "not_found", 405: "method"}.get(error.status_code, "bad_request")
    response = await error_page(request, PageRefusal(kind, str(error.detail), status=error.status_code))
    response.headers.update(headers)
    return response


async def server_error(request: Request, error: Exception) -> Response:
    """Answer a fault of ours; the log has the trace under the incident number."""
    refusal = PageRefusal("server", "An internal error.", reason=type(error).__name__, status=500, code="server_error")
    log.error("incident=%s %s %s", refusal.incident, request.method, request.url.path, exc_info=error)
    with suppress(StoreUnavailable):
        await parts(request).auditor.refused(Event.SERVER_ERROR, refusal, address=address(request))
    return error_json(refusal) if _asked_by_program(request) else await error_page(request, refusal)
