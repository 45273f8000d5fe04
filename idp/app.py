"""create_app: the only place where the parts of the provider meet."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from idp import keys as signing_keys
from idp.audit import Auditor, Event
from idp.clients import ClientKeys, Clients
from idp.delivery.queue import DeliveryQueue
from idp.endpoints import error_page
from idp.endpoints.authorize import authorize
from idp.endpoints.consent import consent, withdraw
from idp.endpoints.discovery import discovery, jwks
from idp.endpoints.end_session import end_session
from idp.endpoints.introspect import introspect
from idp.endpoints.login import login
from idp.endpoints.parts import Parts
from idp.endpoints.revoke import revoke
from idp.endpoints.token import token
from idp.endpoints.userinfo import userinfo
from idp.endpoints.zone import zone
from idp.errors import PageRefusal, TokenRefusal
from idp.model import Delivery
from idp.oauth import logout_token
from idp.oauth.access_token import AccessTokens
from idp.oauth.minting import Minter
from idp.oauth.registration import load_clients
from idp.oauth.server import Server
from idp.oauth.subject import Subjects
from idp.oauth.token_request import TokenEndpoint
from idp.people import demo_people
from idp.people.log_in import LogIn
from idp.people.passwords import Passwords
from idp.people.sessions import SessionKeeper
from idp.people.sign_outs import SignOuts
from idp.settings import BadSettings, Settings
from idp.stores.protocols import Stores
from idp.stores.sqlite import open_stores
from web.clock import Clock, system_clock
from web.connect import ConnectMap
from web.csrf import Csrf
from web.forms import BadForm
from web.pages import HERE as WEB
from web.pages import Pages

log = logging.getLogger("idp")
HERE = Path(__file__).parent
UPKEEP_SECONDS = 2.0
SWEEP_EVERY = 30


def create_app(settings: Settings, clock: Clock = system_clock) -> FastAPI:
    """Return the provider as an ASGI application; its lifespan opens the stores and makes what is missing.

    Raises BadSettings and BadPortalFile, whose texts are sentences for whoever set them.
    """
    if not settings.secure:
        if not settings.demo:
            raise BadSettings("MANYOU_ISSUER must begin with https:// outside the demonstration.")
        # Authlib refuses http for every host that is not exactly localhost.
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"
    clients = load_clients(settings)
    pages = Pages(HERE / "templates", locales=HERE / "locales", secure_cookies=settings.secure)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(app, settings, clients, pages, clock):
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_routes(app, pages)
    return app


@asynccontextmanager
async def running(
    app: FastAPI, settings: Settings, clients: Clients, pages: Pages, clock: Clock
) -> AsyncIterator[None]:
    """Open what the provider needs while it runs, and close it again."""
    secret, made = signing_keys.key_secret(settings)
    if made is not None:
        log.warning("MANYOU_KEY_SECRET is not set; this demonstration made %s and keeps its keys under it.", made)
    connect = ConnectMap.parse(settings.connect)
    stores = open_stores(settings.var / "idp.db")
    auditor = Auditor(stores.audit, clock)
    ring = signing_keys.KeyRing(stores.keys, signing_keys.Vault(secret), clock)
    for kid in await ring.prepare():
        await auditor.record(Event.KEY_MADE, kid=kid)
    passwords = Passwords(settings.idp_password_threads, settings.idp_password_queue)
    if settings.demo:
        await demo_people.seed(stores.people, passwords, clock)
    client_keys = ClientKeys(connect, clock)

    def mint(delivery: Delivery) -> str:
        client = clients.get(delivery.client_id)
        if client is None:
            raise LookupError(f"{delivery.client_id} is registered no more.")
        return logout_token.mint(ring, settings.issuer, client, delivery, clock())

    queue = DeliveryQueue(stores.deliveries, mint, connect, auditor, clock, settings.idp_delivery_give_up_seconds)
    app.state.parts = await _assemble(
        settings, clock, stores, clients, ring, auditor, passwords, client_keys, queue, pages
    )
    tasks = [asyncio.create_task(queue.run()), asyncio.create_task(_upkeep(app.state.parts))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await queue.close()
        await client_keys.close()
        passwords.close()
        stores.upkeep.close()


async def _assemble(
    settings: Settings,
    clock: Clock,
    stores: Stores,
    clients: Clients,
    ring: signing_keys.KeyRing,
    auditor: Auditor,
    passwords: Passwords,
    client_keys: ClientKeys,
    queue: DeliveryQueue,
    pages: Pages,
) -> Parts:
    sign_outs = SignOuts(
        stores.people,
        stores.sessions,
        stores.sign_ins,
        stores.consents,
        stores.grants,
        clients,
        auditor,
        clock,
        queue.wake,
    )
    access_tokens = AccessTokens(ring, settings.issuer, stores.grants, stores.sign_ins, clock)
    minter = Minter(ring, settings.issuer, settings.idp_access_token_seconds, settings.idp_id_token_seconds)
    return Parts(
        settings=settings,
        clock=clock,
        stores=stores,
        clients=clients,
        keys=ring,
        subjects=Subjects(await ring.secret("pairwise")),
        sessions=SessionKeeper(
            stores.sessions,
            stores.sign_ins,
            stores.people,
            clock,
            idle=settings.idp_session_idle_seconds,
            absolute=settings.idp_session_seconds,
        ),
        log_in=LogIn(
            stores.people, stores.login_failures, passwords, auditor, clock, await ring.secret("login-accounts")
        ),
        sign_outs=sign_outs,
        access_tokens=access_tokens,
        token_endpoint=TokenEndpoint(
            server=Server(clients, minter),
            stores=stores,
            clients=clients,
            client_keys=client_keys,
            access_tokens=access_tokens,
            sign_outs=sign_outs,
            auditor=auditor,
            clock=clock,
            issuer=settings.issuer,
            refresh_seconds=settings.idp_refresh_token_seconds,
            offline_seconds=settings.idp_offline_seconds,
            idle_seconds=settings.idp_session_idle_seconds,
        ),
        auditor=auditor,
        pages=pages,
        csrf=Csrf(await ring.secret("csrf")),
    )


async def _upkeep(parts: Parts) -> None:
    """Notice keys rotated by command, end sessions that ran out, delete what is of no more use."""
    rounds = 0
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        try:
            await parts.keys.refresh(force=True)
            await parts.sign_outs.expire(parts.settings.idp_session_idle_seconds)
            if rounds % SWEEP_EVERY == 0:
                await parts.stores.upkeep.sweep(parts.clock())
        except Exception:
            log.exception("Upkeep failed; it is tried again.")
        rounds += 1


async def healthz(request: Request) -> Response:
    """Answer 200 when the provider is ready."""
    await request.app.state.parts.stores.upkeep.check()
    return PlainTextResponse("ok\n")


async def look(request: Request) -> Response:
    """Answer with the provider's colours."""
    return FileResponse(HERE / "templates" / "look.css", media_type="text/css")


def _add_routes(app: FastAPI, pages: Pages) -> None:
    async def language(request: Request) -> Response:
        return pages.switch_language(request)

    for path, endpoint, methods in (
        ("/", zone, ["GET"]),
        ("/healthz", healthz, ["GET"]),
        ("/.well-known/openid-configuration", discovery, ["GET"]),
        ("/jwks", jwks, ["GET"]),
        ("/authorize", authorize, ["GET", "POST"]),
        ("/login", login, ["GET", "POST"]),
        ("/consent", consent, ["GET", "POST"]),
        ("/consent/withdraw", withdraw, ["POST"]),
        ("/token", token, ["POST"]),
        ("/userinfo", userinfo, ["GET", "POST"]),
        ("/introspect", introspect, ["POST"]),
        ("/revoke", revoke, ["POST"]),
        ("/end_session", end_session, ["GET", "POST"]),
        ("/look.css", look, ["GET"]),
        ("/language/{language}", language, ["GET"]),
    ):
        app.router.add_route(path, endpoint, methods=methods)
    app.mount("/static", StaticFiles(directory=WEB / "static"))
    app.add_exception_handler(PageRefusal, error_page.page_refusal)
    app.add_exception_handler(TokenRefusal, error_page.token_refusal)
    app.add_exception_handler(BadForm, error_page.bad_form)
    app.add_exception_handler(HTTPException, error_page.http_error)
    app.add_exception_handler(Exception, error_page.server_error)
