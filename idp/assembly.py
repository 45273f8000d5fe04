"""What the provider opens while it runs, and how its parts fit together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from idp import keys as signing_keys
from idp.audit import Auditor, Event
from idp.audit_chain import SECRET, Sealer
from idp.clients import ClientKeys, Clients
from idp.delivery.queue import DeliveryQueue, Outgoing
from idp.endpoints.parts import Parts
from idp.metrics import Metrics
from idp.model import Client, Delivery
from idp.oauth import logout_token
from idp.oauth.access_token import AccessTokens
from idp.oauth.authorization_response import Responder
from idp.oauth.client_authentication import ClientAuthenticator
from idp.oauth.client_metadata import Terms
from idp.oauth.derived_secrets import DerivedSecrets
from idp.oauth.dynamic_registration import DynamicRegistration
from idp.oauth.front_channel import FrontChannel
from idp.oauth.incoming import Sources
from idp.oauth.minting import Minter
from idp.oauth.proofs import Proofs
from idp.oauth.registered_client import all_clients
from idp.oauth.request_object import RequestObjects
from idp.oauth.server import Server
from idp.oauth.subject import Subjects
from idp.oauth.token_request import TokenEndpoint
from idp.people import demo_people
from idp.people.log_in import LogIn
from idp.people.passwords import Passwords
from idp.people.sessions import SessionKeeper
from idp.people.sign_outs import SignOuts
from idp.settings import BadSettings, Settings
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from web.clock import Clock
from web.connect import ConnectMap
from web.csrf import Csrf
from web.dpop_nonces import Nonces
from web.fetch import Fetcher, Guard
from web.pages import Pages
from web.readiness import Readiness
from web.tls import calling
from web.unavailable import StoreUnavailable

log = logging.getLogger("idp")
UPKEEP_SECONDS = 2.0
SWEEP_SECONDS = 60.0
FOLD_SECONDS = 0.2


@asynccontextmanager
async def running(
    settings: Settings, operators: Sequence[Client], pages: Pages, metrics: Metrics, clock: Clock
) -> AsyncIterator[Parts]:
    """Open the stores, make the keys and people that are missing, and work until the provider stops."""
    async with AsyncExitStack() as closing:
        stores, readiness = await _stores(settings, closing)
        features = settings.features
        clients = all_clients(operators, stores.registered_clients, features)
        auditor = Auditor(stores, clock, metrics)
        keys = await _keys(settings, stores, auditor, clock)
        passwords = Passwords(settings.idp_password_threads, settings.idp_password_queue)
        closing.callback(passwords.close)
        if settings.demo:
            await demo_people.seed(stores.people, passwords, clock, settings.features)
        elif await demo_people.any_there(stores.people):
            raise BadSettings("The database holds the demonstration's people, whose password is known to everybody.")
        sealer = Sealer(stores, auditor, await keys.secret(SECRET), clock)
        closing.push_async_callback(sealer.close)
        fetcher, teller = _fetchers(settings)
        closing.push_async_callback(fetcher.close)
        closing.push_async_callback(teller.close)
        client_keys = ClientKeys(fetcher, clock)
        prepare = _logout_tokens(keys, settings.issuer, clients, clock)
        queue = _queue(settings, stores, prepare, teller, auditor, clock)
        closing.push_async_callback(queue.close)
        sign_outs = SignOuts(stores, clients, auditor, clock, queue.wake)
        nonces = Nonces(await keys.secret("dpop-nonce")) if settings.idp_dpop_nonce else None
        proofs = Proofs(stores.assertions, nonces, clock)
        derived_secrets = DerivedSecrets(await keys.secret("client-secrets"))
        authenticator = _authenticator(settings, stores, clients, client_keys, derived_secrets, clock)
        token_endpoint = _token_endpoint(settings, stores, authenticator, proofs, keys, sign_outs, auditor, clock)
        parts = Parts(
            settings=settings,
            clock=clock,
            stores=stores,
            clients=clients,
            sources=Sources(clients, stores.pushed_requests, clock),
            request_objects=RequestObjects(settings.features, client_keys, fetcher, clock, settings.issuer),
            front_channel=_front_channel(settings, stores, auditor, keys, clock),
            responder=Responder(keys, settings.issuer, clock),
            keys=keys,
            subjects=Subjects(await keys.secret("pairwise")),
            sessions=_sessions(settings, stores, clock),
            log_in=LogIn(stores, passwords, auditor, clock, await keys.secret("login-accounts")),
            sign_outs=sign_outs,
            deliveries=queue,
            access_tokens=token_endpoint.access_tokens,
            token_endpoint=token_endpoint,
            proofs=proofs,
            registration=_registration(settings, stores, fetcher, derived_secrets, clock),
            auditor=auditor,
            readiness=readiness,
            metrics=metrics,
            pages=pages,
            csrf=Csrf(await keys.secret("csrf")),
        )
        for work in (queue.run(), sealer.run(), _upkeep(parts)):
            closing.push_async_callback(_cancel, asyncio.create_task(work))
        yield parts


async def _stores(settings: Settings, closing: AsyncExitStack) -> tuple[Stores, Readiness]:
    stores = await open_stores(settings.idp_database)
    closing.push_async_callback(stores.upkeep.close)
    readiness = Readiness(stores.upkeep.check)
    closing.push_async_callback(readiness.close)
    return stores, readiness


def _fetchers(settings: Settings) -> tuple[Fetcher, Fetcher]:
    """Return who asks and who tells: whoever is slow to hear what is told keeps nobody from being asked."""
    connect, guard = ConnectMap.parse(settings.connect), Guard.parse(settings.idp_fetch_allow)
    trust, https_only = calling(settings), not settings.demo
    return Fetcher(connect, guard, trust, https_only), Fetcher(connect, guard, trust, https_only)


async def _keys(settings: Settings, stores: Stores, auditor: Auditor, clock: Clock) -> signing_keys.KeyRing:
    secret, made = signing_keys.key_secret(settings)
    if made is not None:
        log.warning("MANYOU_KEY_SECRET is not set; this demonstration made %s and keeps its keys under it.", made)
    keys = signing_keys.KeyRing(stores.keys, signing_keys.Vault(secret), clock)
    for kid in await keys.prepare():
        await auditor.record(Event.KEY_MADE, kid=kid)
    return keys


def _logout_tokens(
    keys: signing_keys.KeyRing, issuer: str, clients: Clients, clock: Clock
) -> Callable[[Delivery], Awaitable[Outgoing]]:
    async def prepare(delivery: Delivery) -> Outgoing:
        client = await clients.find(delivery.client_id)
        if client is None:
            raise LookupError(f"{delivery.client_id} is registered no more.")
        token = logout_token.mint(keys, issuer, client, delivery, clock())
        # As it is registered now: a command may have queued it under settings of its own, or it has moved.
        return Outgoing(client.backchannel_logout_uri or delivery.uri, token, not client.registered)

    return prepare


def _queue(
    settings: Settings,
    stores: Stores,
    prepare: Callable[[Delivery], Awaitable[Outgoing]],
    teller: Fetcher,
    auditor: Auditor,
    clock: Clock,
) -> DeliveryQueue:
    give_up = settings.idp_delivery_give_up_seconds
    return DeliveryQueue(stores.deliveries, prepare, teller, auditor, clock, give_up)


def _sessions(settings: Settings, stores: Stores, clock: Clock) -> SessionKeeper:
    idle, absolute = settings.idp_session_idle_seconds, settings.idp_session_seconds
    return SessionKeeper(stores, clock, idle=idle, absolute=absolute)


def _authenticator(
    settings: Settings,
    stores: Stores,
    clients: Clients,
    client_keys: ClientKeys,
    derived_secrets: DerivedSecrets,
    clock: Clock,
) -> ClientAuthenticator:
    features, issuer = settings.features, settings.issuer
    return ClientAuthenticator(clients, client_keys, stores.assertions, features, issuer, clock, derived_secrets)


def _registration(
    settings: Settings, stores: Stores, fetcher: Fetcher, derived_secrets: DerivedSecrets, clock: Clock
) -> DynamicRegistration:
    terms = Terms(settings.features, settings.demo)
    return DynamicRegistration(stores.registered_clients, fetcher, terms, settings.issuer, clock, derived_secrets)


def _front_channel(
    settings: Settings, stores: Stores, auditor: Auditor, keys: signing_keys.KeyRing, clock: Clock
) -> FrontChannel:
    return FrontChannel(
        grants=stores.grants,
        auditor=auditor,
        keys=keys,
        issuer=settings.issuer,
        clock=clock,
        code_seconds=settings.idp_code_seconds,
        access_token_seconds=settings.idp_access_token_seconds,
        id_token_seconds=settings.idp_id_token_seconds,
    )


def _token_endpoint(
    settings: Settings,
    stores: Stores,
    authenticator: ClientAuthenticator,
    proofs: Proofs,
    keys: signing_keys.KeyRing,
    sign_outs: SignOuts,
    auditor: Auditor,
    clock: Clock,
) -> TokenEndpoint:
    minter = Minter(keys, settings.issuer, settings.idp_access_token_seconds, settings.idp_id_token_seconds)
    return TokenEndpoint(
        server=Server(minter),
        stores=stores,
        client_authenticator=authenticator,
        proofs=proofs,
        access_tokens=AccessTokens(keys, settings.issuer, stores.grants, stores.sign_ins, clock),
        sign_outs=sign_outs,
        auditor=auditor,
        clock=clock,
        issuer=settings.issuer,
        refresh_seconds=settings.idp_refresh_token_seconds,
        offline_seconds=settings.idp_offline_seconds,
        idle_seconds=settings.idp_session_idle_seconds,
    )


async def _upkeep(parts: Parts) -> None:
    """Notice keys rotated by command, end sessions that ran out, delete what is of no more use."""

    def refresh() -> Awaitable[object]:
        return parts.keys.refresh(force=True)

    def expire() -> Awaitable[object]:
        return parts.sign_outs.expire(parts.settings.idp_session_idle_seconds)

    def sweep() -> Awaitable[object]:
        return parts.stores.upkeep.sweep(parts.clock())

    def fold() -> Awaitable[object]:
        return parts.stores.upkeep.fold()

    await asyncio.sleep(UPKEEP_SECONDS)
    # Each by itself: where much has run out the last two take their time.
    await asyncio.gather(
        _again(refresh, UPKEEP_SECONDS, parts.metrics),
        _again(expire, UPKEEP_SECONDS, parts.metrics),
        _again(sweep, SWEEP_SECONDS, parts.metrics),
        _again(fold, FOLD_SECONDS, parts.metrics),
    )


async def _again(work: Callable[[], Awaitable[object]], seconds: float, metrics: Metrics) -> None:
    while True:
        try:
            await work()
        except StoreUnavailable as away:
            metrics.store_error("upkeep")
            log.warning("Upkeep waits for the database: %s", away)
        except Exception:
            log.exception("Upkeep failed; it is tried again.")
        await asyncio.sleep(seconds)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
