"""An authorization request that waits for a person: laid aside, and found again by its id in the same browser."""

from __future__ import annotations

import hmac
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.endpoints import browser
from idp.endpoints.deliver import NO_STORE
from idp.endpoints.parts import Parts
from idp.errors import PageRefusal, RedirectRefusal
from idp.model import AuthorizationRequest, Interaction
from idp.oauth.authorization_request import destination, validate
from idp.oauth.incoming import Incoming
from idp.oauth.next_step import Step
from web.forms import Parameters

MOST_OF_ONE_NETWORK = 2000
"""How many requests from one address may wait for their people: anybody can make one, which takes up to 16 kB."""
BUSY_SECONDS = 60


async def ask_person(
    shop: Parts, request: Request, incoming: Incoming, interaction: Interaction | None, step: Step
) -> Response:
    """Lay the request aside, if that was not done before, and send the browser to the page that `step` names."""
    mark, new_mark = browser.mark(shop, request)
    if interaction is None:
        now = shop.clock()
        interaction = Interaction(
            interaction_id=secrets.token_urlsafe(18),
            client_id=incoming.client.client_id,
            parameters=incoming.parameters.pairs,
            browser=browser.hashed(mark),
            created_at=now,
            expires_at=now + shop.settings.idp_interaction_seconds,
            reauthenticate=step.reauthenticate,
            source=incoming.source,
            pushed=incoming.pushed,
            dpop_jkt=incoming.dpop_jkt,
            network=browser.network(request),
        )
        if not await shop.stores.interactions.open(interaction, MOST_OF_ONE_NETWORK):
            public = "Too many people from the same network are about to log in."
            raise PageRefusal("busy", public, status=503, code="temporarily_unavailable", seconds=BUSY_SECONDS)
    elif step.reauthenticate and not interaction.reauthenticate:
        # It became so since: somebody logged in in another tab, or max_age ran out. /login must not send back at once.
        await shop.stores.interactions.reauthenticate(interaction.interaction_id)
    response = RedirectResponse(f"/{step.kind}?interaction={interaction.interaction_id}", 303, NO_STORE)
    if new_mark:
        browser.set_mark(shop, response, mark)
    return response


async def resume(shop: Parts, request: Request, interaction_id: str) -> Interaction:
    """Return the interaction. Raises PageRefusal if it has expired, is done, or began in another browser."""
    interaction = await shop.stores.interactions.get(interaction_id) if len(interaction_id) <= 64 else None
    if interaction is None:
        raise PageRefusal("expired_interaction", "This interaction is unknown.")
    client_id = interaction.client_id
    if interaction.expires_at <= shop.clock():
        raise PageRefusal("expired_interaction", "This interaction has expired.", client_id=client_id)
    mark, _ = browser.mark(shop, request)
    if not hmac.compare_digest(interaction.browser, browser.hashed(mark)):
        raise PageRefusal("expired_interaction", "This interaction began in another browser.", client_id=client_id)
    if interaction.completed_at is not None:
        raise PageRefusal("done_interaction", "This interaction is done already.", client_id=client_id)
    return interaction


async def waiting(shop: Parts, interaction: Interaction) -> Incoming:
    """Return the parameters that wait, and how they came. Raises PageRefusal."""
    parameters = Parameters(interaction.parameters)
    client = await shop.sources.client(parameters)
    pushed = interaction.pushed
    return Incoming(
        client, parameters, interaction.source, pushed, interaction.dpop_jkt, was_pushed=pushed is not None, opened=True
    )


async def request_of(shop: Parts, interaction: Interaction) -> AuthorizationRequest:
    """Return the authorization request that waits, checked again: its client may have changed.

    Raises PageRefusal.
    """
    draft = shop.draft(await waiting(shop, interaction))
    destination(draft)
    try:
        return validate(draft)
    except RedirectRefusal as refusal:
        public = "This interaction is not valid any more."
        raise PageRefusal(
            "expired_interaction", public, reason=str(refusal), client_id=interaction.client_id
        ) from refusal
