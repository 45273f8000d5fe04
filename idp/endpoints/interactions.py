"""An authorization request that waits for a person, found again: by its id, in the browser that began it."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from idp.endpoints import browser
from idp.endpoints.parts import Parts
from idp.errors import PageRefusal, RedirectRefusal
from idp.model import AuthorizationRequest, Interaction
from idp.oauth.authorization_request import destination, validate
from idp.oauth.incoming import Incoming
from web.forms import Parameters


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
