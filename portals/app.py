"""create_app: the service that every portal is an instance of; the only place where its parts meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import web.pages
from portals import error_page
from portals.api.item import item as api_item
from portals.api.whoami import whoami
from portals.backchannel_logout import backchannel_logout
from portals.callback import callback
from portals.client_key import CLIENT_KEY, DPOP_KEY, public_jwks
from portals.cookies import Cookies
from portals.counted import Metrics
from portals.health import healthz, readyz
from portals.inspection import inspect
from portals.judging import Judge
from portals.login import login
from portals.me import me
from portals.metrics import metrics
from portals.outbound import SECONDS, BoundedTransport, Calls
from portals.pages import home, item, look
from portals.parts import Parts, parts_of
from portals.portal import Portal
from portals.provider import Provider
from portals.proving import Prover
from portals.settings import BadSettings, Settings
from portals.sign_in import SignIn
from portals.sign_out import logout
from portals.stores.database import Database, own_secret
from portals.stores.endings import Endings
from portals.stores.flows import Flows
from portals.stores.keys import shared_key
from portals.stores.opening import open_database
from portals.stores.proofs import Proofs
from portals.stores.sessions import Sessions
from portals.tokens import Refresher
from web.clock import Clock, system_clock
from web.csrf import Csrf
from web.observed import ObservedApp
from web.pages import Pages
from web.readiness import Readiness
from web.tls import calling

HERE = Path(__file__).parent


def create_app(portal: Portal, settings: Settings, clock: Clock = system_clock) -> FastAPI:
    """Return the service of `portal`; its lifespan opens what it remembers and makes its key at first start.

    Raises BadSettings where it would speak http outside the demonstration.
    """
    if not settings.demo and not (portal.secure and settings.provider.startswith("https:")):
        raise BadSettings("Outside the demonstration a portal and its provider are reached over https:// alone.")

    counted = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await open_database(settings.database(portal.client_id), portal.client_id)
        try:
            parts = await _parts(portal, settings, counted, clock, database)
        except BaseException:
            await database.close()
            raise
        app.state.portal = parts
        yield
        await parts.sign_in.close()
        await parts.provider.close()
        await parts.readiness.close()
        await parts.database.close()

    app = ObservedApp(
        counted.requests,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        routes=_routes(),
        redirect_slashes=False,
    )
    if settings.metrics_token:
        app.router.routes.append(Route("/metrics", metrics))
    error_page.register(app)
    return app


async def _parts(portal: Portal, settings: Settings, counted: Metrics, clock: Clock, database: Database) -> Parts:
    """Make and connect the parts. Raises OSError, StoreUnavailable and BadClientKey."""
    folder = settings.var / "portals" / portal.client_id
    key, dpop_key = [await shared_key(database, folder / name) for name in (CLIENT_KEY, DPOP_KEY)]
    # With an http issuer no TLS is spoken (provider.py refuses endpoints of another scheme), and reading the
    # certificates of all authorities would cost more than the rest of the start.
    calls = Calls(counted, clock)
    verify = calling(settings) if settings.provider.startswith("https:") else False
    transport = BoundedTransport(settings.connect_map, calls, verify=verify)
    client = httpx2.AsyncClient(transport=transport, timeout=SECONDS, follow_redirects=False, trust_env=False)
    provider = Provider(settings.provider, client, clock)
    prover = Prover(dpop_key, clock)
    sign_in = SignIn(portal, provider, key, prover, transport, clock)
    endings = Endings(database)
    sessions = Sessions(database, settings.portal_idle_seconds)
    judge = Judge(portal, provider, clock, endings, prover.jkt, counted)
    return Parts(
        portal=portal,
        settings=settings,
        clock=clock,
        pages=Pages(
            portal.folder / "templates", HERE / "templates", locales=HERE / "locales", secure_cookies=portal.secure
        ),
        cookies=Cookies(portal.client_id, secure=portal.secure),
        key=key,
        dpop_key=dpop_key,
        database=database,
        readiness=Readiness(database.check),
        csrf=Csrf(await own_secret(database, "csrf")),
        flows=Flows(database),
        sessions=sessions,
        endings=endings,
        proofs=Proofs(database),
        provider=provider,
        sign_in=sign_in,
        judge=judge,
        refresher=Refresher(portal.client_id, sign_in, judge, sessions, clock),
        metrics=counted,
        calls=calls,
    )


def _routes() -> list[BaseRoute]:
    return [
        Route("/", home),
        Route("/items/{code}", item),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/callback", callback),
        Route("/me", me),
        Route("/inspect", inspect),
        Route("/logout", logout, methods=["GET", "POST"]),
        Route("/backchannel-logout", backchannel_logout, methods=["POST"]),
        Route("/jwks", jwks),
        Route("/api/whoami", whoami),
        Route("/api/items/{code}", api_item),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/look.css", look),
        Route("/language/{language}", language),
        Mount("/static", StaticFiles(directory=Path(web.pages.__file__).parent / "static")),
    ]


async def jwks(request: Request) -> Response:
    """Answer GET /jwks with the public key that this portal authenticates with (RFC 7517)."""
    body = public_jwks(parts_of(request).key)
    return JSONResponse(body, headers={"cache-control": "public, max-age=300"})


async def language(request: Request) -> Response:
    """Answer GET /language/{language}: the switch that every page has."""
    return parts_of(request).pages.switch_language(request)
