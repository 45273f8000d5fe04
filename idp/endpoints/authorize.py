"""GET and POST /authorize: checks the request, decides the next step, and answers the client when there is none left.

/login and /consent only come back here.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.audit import Event
from idp.endpoints import browser
from idp.endpoints.deliver import NO_STORE, deliver
from idp.endpoints.interactions import ask_person, resume, waiting
from idp.endpoints.parts import Parts, parts
from idp.errors import PageRefusal, RedirectRefusal
from idp.model import AuthorizationRequest, Basis, Interaction, Visit
from idp.oauth.authorization_request import Destination, destination, validate
from idp.oauth.claims import bases_of
from idp.oauth.front_channel import Issued, signed_out
from idp.oauth.incoming import Incoming, used_before
from idp.oauth.next_step import next_step
from idp.oauth.session_state import session_state
from idp.people.sessions import SignedIn
from idp.people.sign_outs import Reason
from web.forms import QUERY_LIMIT, form_parameters, query_parameters


@browser.tells_state
async def authorize(request: Request) -> Response:
    """Answer an authorization request, a new one or one that comes back from /login or /consent."""
    shop = parts(request)
    parameters = query_parameters(request) if request.method != "POST" else await form_parameters(request)
    if request.method == "POST":
        query = urlencode(parameters.pairs)
        if len(query) > QUERY_LIMIT:
            raise PageRefusal("bad_request", "The parameters are too long.", status=413)
        if browser.session_cookie(shop, request) is None:
            # A form of another site comes without our SameSite=Lax cookie; as a GET it comes with it, if there is one.
            return RedirectResponse(f"/authorize?{query}", 303, NO_STORE)
    interaction = None
    interaction_id = parameters.get("interaction")
    if interaction_id is not None and parameters.get("client_id") is None:
        interaction = await resume(shop, request, interaction_id)
        incoming = await waiting(shop, interaction)
    else:
        incoming = await shop.sources.of(parameters)
    try:
        incoming = await shop.request_objects.opened(incoming)
        draft = shop.draft(incoming)
        to = destination(draft)
        return await _answer(shop, request, validate(draft), to, incoming, interaction)
    except RedirectRefusal as refusal:
        return await _refuse(shop, request, destination(shop.draft(incoming)), refusal, incoming, interaction)


async def _answer(
    shop: Parts,
    request: Request,
    asked: AuthorizationRequest,
    to: Destination,
    incoming: Incoming,
    interaction: Interaction | None,
) -> Response:
    visit = await browser.visit(shop, request, asked.client.client_id)
    missing: dict[str, Basis] = {}
    signed_in, sub = None, None
    if visit is not None:
        signed_in = SignedIn(visit.session, visit.person)
        sub = shop.subjects.of(visit.person.user_id, asked.client)
        # A release on another basis than the client's of today does not count: it has to be asked for, or announced.
        wanted = bases_of(asked)
        missing = {one: basis for one, basis in wanted.items() if visit.given.get(one) != basis}
    consent_wanted = tuple(one for one, basis in missing.items() if basis == "consent")
    step = next_step(asked, signed_in, sub, interaction, consent_wanted, shop.clock())
    if visit is None or sub is None or step.kind != "grant":
        return await ask_person(shop, request, incoming, interaction, step)
    if missing:
        # What rests on legal duty is released without asking, and listed on the zone page from the first time on.
        await shop.stores.consents.give(visit.person.user_id, asked.client.client_id, missing, shop.clock())
    issued = await _grant(shop, asked, visit, sub, incoming, interaction)
    return deliver(shop, request, shop.responder.success(to, issued), asked.ui_locales)


async def _grant(
    shop: Parts,
    asked: AuthorizationRequest,
    visit: Visit,
    sub: str,
    incoming: Incoming,
    interaction: Interaction | None,
) -> Issued:
    now = shop.clock()
    if incoming.pushed is not None and not await shop.stores.pushed_requests.use(incoming.pushed, now):
        raise used_before(incoming.client)
    if interaction is not None and not await shop.stores.interactions.complete(interaction.interaction_id, now):
        raise PageRefusal("done_interaction", "This authorization request was answered already.")
    signed_in = SignedIn(visit.session, visit.person)
    sign_in = await shop.sessions.entered(visit, asked.client.client_id, sub)
    if sign_in is not None and sign_in.sub != sub:
        # The client has moved to another sector since (Core 8.1): whom it knew by the old subject it knows no more.
        await shop.sign_outs.sids([sign_in.sid], Reason.SUBJECT_CHANGED)
        sign_in = await shop.sessions.enter(signed_in, asked.client.client_id, sub)
    if sign_in is None:
        raise signed_out()
    event = shop.auditor.made(
        Event.AUTHORIZATION_GRANTED,
        client_id=asked.client.client_id,
        user_id=visit.person.user_id,
        scope=" ".join(asked.scope),
    )
    issued = await shop.front_channel.issue(asked, signed_in, sign_in, event)
    if shop.settings.features.session_management and "openid" in asked.scope:
        state = session_state(asked.client.client_id, asked.redirect_uri, sign_in.session_id)
        issued.append(("session_state", state))
    kinds = [kind for kind, _ in issued if kind in ("code", "access_token", "id_token")]
    shop.metrics.issued(asked.client.client_id, "front_channel", kinds)
    return issued


async def _refuse(
    shop: Parts,
    request: Request,
    to: Destination,
    refusal: RedirectRefusal,
    incoming: Incoming,
    interaction: Interaction | None,
) -> Response:
    if incoming.pushed is not None:
        await shop.stores.pushed_requests.use(incoming.pushed, shop.clock())
    if interaction is not None:
        await shop.stores.interactions.complete(interaction.interaction_id, shop.clock())
    await shop.auditor.refused(
        Event.AUTHORIZATION_REFUSED, refusal, client_id=to.client.client_id, address=browser.address(request)
    )
    answer = shop.responder.failure(to, refusal)
    return deliver(shop, request, answer, incoming.parameters.get("ui_locales"))
