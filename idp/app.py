"""create_app: the provider as an application, its URLs in one list; assembly.py puts its parts together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from idp.assembly import running
from idp.endpoints import error_page
from idp.endpoints.authorize import authorize
from idp.endpoints.check_session import check_session
from idp.endpoints.consent import consent, withdraw
from idp.endpoints.cross_origin import CrossOrigin, shared
from idp.endpoints.discovery import discovery, jwks
from idp.endpoints.end_session import end_session
from idp.endpoints.health import healthz, readyz
from idp.endpoints.introspect import introspect
from idp.endpoints.login import login
from idp.endpoints.metrics import metrics
from idp.endpoints.par import par
from idp.endpoints.register import register, registered
from idp.endpoints.revoke import revoke
from idp.endpoints.token import token
from idp.endpoints.userinfo import userinfo
from idp.endpoints.zone import zone
from idp.errors import PageRefusal, TokenRefusal
from idp.keys import NO_KEY_SECRET
from idp.metrics import Metrics
from idp.oauth.registration import load_clients
from idp.settings import BadSettings, Settings
from web.clock import Clock, system_clock
from web.forms import BadForm
from web.observed import ObservedApp
from web.pages import HERE as WEB
from web.pages import Pages
from web.unavailable import StoreUnavailable

HERE = Path(__file__).parent


def create_app(settings: Settings, clock: Clock = system_clock) -> FastAPI:
    """Return the provider as an ASGI application; its lifespan opens the stores and makes what is missing.

    Raises BadSettings and BadPortalFile, whose texts are sentences for whoever set them.
    """
    if not settings.secure:
        if not settings.demo:
            raise BadSettings("MANYOU_ISSUER must begin with https:// outside the demonstration.")
        # Authlib refuses http for every host that is not exactly localhost.
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"
    if not settings.demo and not settings.key_secret:
        raise BadSettings(NO_KEY_SECRET)
    operators = load_clients(settings)
    counted = Metrics(client.client_id for client in operators)
    pages = Pages(HERE / "templates", locales=HERE / "locales", secure_cookies=settings.secure)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, operators, pages, counted, clock) as app.state.parts:
            yield

    # No redirect_slashes: it would answer /login/ with a 307 to wherever the Host header says.
    app = ObservedApp(
        counted.requests, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    _add_routes(app, pages)
    app.add_middleware(CrossOrigin, methods=shared(settings.features))
    if settings.metrics_token:
        app.router.routes.append(Route("/metrics", metrics, methods=["GET"]))
    if settings.features.session_management:
        app.router.routes.append(Route("/check_session", check_session, methods=["GET"]))
    if settings.features.registration:
        app.router.routes.append(Route("/register", register, methods=["POST"]))
        app.router.routes.append(Route("/register/{client_id}", registered, methods=["GET", "PUT", "DELETE"]))
    return app


async def look(request: Request) -> Response:
    """Answer with the provider's colours."""
    return FileResponse(HERE / "templates" / "look.css", media_type="text/css")


def _add_routes(app: FastAPI, pages: Pages) -> None:
    async def language(request: Request) -> Response:
        return pages.switch_language(request)

    for path, endpoint, methods in (
        ("/", zone, ["GET"]),
        ("/healthz", healthz, ["GET"]),
        ("/readyz", readyz, ["GET"]),
        ("/.well-known/openid-configuration", discovery, ["GET"]),
        ("/jwks", jwks, ["GET"]),
        ("/authorize", authorize, ["GET", "POST"]),
        ("/login", login, ["GET", "POST"]),
        ("/consent", consent, ["GET", "POST"]),
        ("/consent/withdraw", withdraw, ["POST"]),
        ("/par", par, ["POST"]),
        ("/token", token, ["POST"]),
        ("/userinfo", userinfo, ["GET", "POST"]),
        ("/introspect", introspect, ["POST"]),
        ("/revoke", revoke, ["POST"]),
        ("/end_session", end_session, ["GET", "POST"]),
        ("/look.css", look, ["GET"]),
        ("/language/{language}", language, ["GET"]),
    ):
        route = Route(path, endpoint, methods=methods)
        if "POST" in methods and route.methods is not None:
            # Where something may happen, it does not happen to those who only look.
            route.methods.discard("HEAD")
        app.router.routes.append(route)
    app.mount("/static", StaticFiles(directory=WEB / "static"))
    app.add_exception_handler(PageRefusal, error_page.page_refusal)
    app.add_exception_handler(TokenRefusal, error_page.token_refusal)
    app.add_exception_handler(BadForm, error_page.bad_form)
    app.add_exception_handler(HTTPException, error_page.http_error)
    app.add_exception_handler(StoreUnavailable, error_page.unavailable)
    app.add_exception_handler(Exception, error_page.server_error)
