"""GET and POST /consent, and POST /consent/withdraw: a person's own decision about sensitive data (PIPL 29, 15)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.audit import Event
from idp.endpoints import browser, shown
from idp.endpoints.interactions import request_of, resume
from idp.endpoints.parts import Parts, parts
from idp.errors import PageRefusal
from idp.model import SENSITIVE_SCOPES, AuthorizationRequest, Interaction
from idp.oauth.claims import bases_of
from idp.people.sessions import SignedIn
from web.forms import Parameters, form_parameters, query_parameters
from web.language import choose

WITHDRAW = "consent_withdraw"


async def consent(request: Request) -> Response:
    """Ask for consent, or note what was decided."""
    shop = parts(request)
    parameters = await form_parameters(request) if request.method == "POST" else query_parameters(request)
    interaction_id = parameters.get("interaction")
    if interaction_id is None:
        raise PageRefusal("expired_interaction", "There is no authorization request to consent to.")
    interaction = await resume(shop, request, interaction_id)
    asked = await request_of(shop, interaction)
    signed_in = await browser.signed_in(shop, request)
    if signed_in is None:
        return RedirectResponse(f"/authorize?interaction={interaction.interaction_id}", 303)
    if request.method == "POST":
        return await _decide(shop, parameters, interaction, asked, signed_in)
    return _page(shop, request, interaction, asked, signed_in)


def _action(interaction: Interaction) -> str:
    return f"consent {interaction.interaction_id}"


async def _decide(
    shop: Parts, parameters: Parameters, interaction: Interaction, asked: AuthorizationRequest, signed_in: SignedIn
) -> Response:
    if not shop.csrf.valid(parameters.get("csrf"), signed_in.session.session_id, _action(interaction)):
        raise PageRefusal("csrf", "The form is not valid any more.", status=403)
    decision = parameters.get("decision")
    if decision not in ("allow", "deny"):
        raise PageRefusal("bad_request", "decision must be allow or deny.")
    client_id, user_id = asked.client.client_id, signed_in.person.user_id
    scopes = bases_of(asked)
    consented = {scope: basis for scope, basis in scopes.items() if basis == "consent"}
    if decision == "allow":
        await shop.stores.consents.give(user_id, client_id, consented, shop.clock())
    event = Event.CONSENT_GIVEN if decision == "allow" else Event.CONSENT_DENIED
    await shop.auditor.record(event, client_id=client_id, user_id=user_id, scope=" ".join(consented))
    await shop.stores.interactions.decided(interaction.interaction_id, decision, signed_in.session.session_id)
    return RedirectResponse(f"/authorize?interaction={interaction.interaction_id}", 303)


def _page(
    shop: Parts, request: Request, interaction: Interaction, asked: AuthorizationRequest, signed_in: SignedIn
) -> Response:
    language = choose(request, asked.ui_locales)
    scopes = bases_of(asked)
    wanted = [scope for scope, basis in scopes.items() if basis == "consent"]
    portal = shown.portal(asked.client, language, asked.redirect_uri)
    return shop.pages.render(
        request,
        "consent.html",
        ui_locales=asked.ui_locales,
        form_action=shown.form_targets(asked.client, asked.redirect_uri),
        csrf=shop.csrf.token(signed_in.session.session_id, _action(interaction)),
        interaction=interaction.interaction_id,
        portal=portal,
        images=shown.images(portal),
        person=shown.person(signed_in.person, signed_in.acr),
        purpose=None,
        claims=[
            {
                "scope": scope,
                "value": shown.preview(signed_in.person, scope),
                "sensitive": scope in SENSITIVE_SCOPES,
                "further": scope == "profile" and bool(signed_in.person.standard_claims),
            }
            # Asked for by prompt=consent alone, a log-in is what is consented to.
            for scope in wanted or ["openid"]
        ],
        also=[scope for scope, basis in scopes.items() if basis == "legal_duty"],
    )


async def withdraw(request: Request) -> Response:
    """Withdraw what was consented to; what the client built on it ends (PIPL 15)."""
    shop = parts(request)
    parameters = await form_parameters(request)
    signed_in = await browser.signed_in(shop, request)
    if signed_in is None:
        return RedirectResponse("/login", 303)
    if not shop.csrf.valid(parameters.get("csrf"), signed_in.session.session_id, WITHDRAW):
        raise PageRefusal("csrf", "The form is not valid any more.", status=403)
    client_id = parameters.get("client_id") or ""
    if await shop.clients.find(client_id) is None:
        raise PageRefusal("bad_request", "client_id is not that of a portal.")
    done = await shop.sign_outs.withdraw_consent(signed_in.person.user_id, client_id)
    return RedirectResponse("/?notice=withdrawn" if done else "/", 303)
