"""GET and POST /end_session: RP-Initiated Logout 1.0.

With an id_token_hint of this browser's session and client it acts at once; otherwise it asks, and only its own form,
with its CSRF token, acts. It redirects only to an address registered by the client that the hint names; where clients
want to be told by the browser (Front-Channel Logout 1.0), a page does so first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.endpoints import browser, shown
from idp.endpoints.parts import Parts, parts
from idp.errors import PageRefusal
from idp.model import Client, SignIn
from idp.oauth import hints
from idp.oauth.authorization_response import add_parameters
from idp.oauth.frontchannel_logout import logout_frames
from idp.people.sessions import SignedIn
from idp.people.sign_outs import Reason
from web.forms import Parameters, form_parameters, query_parameters
from web.language import choose
from web.pages import origin

ACTION = "end_session"
FRAMES_SECONDS = 2
"""How long the browser waits for clients that it tells before it goes on."""
_SHOWN = ("post_logout_redirect_uri", "state", "ui_locales")
_CARRIED = ("id_token_hint", "client_id", *_SHOWN)


@dataclass(frozen=True)
class Asked:
    """A checked logout request: who asks (if the hint proves it) and where to go afterwards (if it is registered)."""

    parameters: Parameters
    client: Client | None
    hint: hints.Hint | None
    onward: str | None


async def end_session(request: Request) -> Response:
    """End the session, or ask whether to."""
    shop = parts(request)
    parameters = await form_parameters(request) if request.method == "POST" else query_parameters(request)
    asked = await _check(shop, parameters)
    cookie = browser.session_cookie(shop, request)
    if request.method == "POST" and cookie is None:
        # A form of another site came without our SameSite=Lax cookie; as a GET of our own it comes with it.
        carried = [(name, value) for name, value in parameters.pairs if name in _CARRIED]
        return RedirectResponse(f"/end_session?{urlencode(carried)}", 303)
    signed_in = await browser.signed_in(shop, request)
    if signed_in is None:
        return _done(shop, request, asked)
    decision = parameters.get("decision") if request.method == "POST" else None
    if decision is not None:
        client_id = parameters.get("client_id")
        if not shop.csrf.valid(parameters.get("csrf"), signed_in.session.session_id, _action(client_id)):
            raise PageRefusal("csrf", "The form is not valid any more.", status=403)
        if decision not in ("yes", "no"):
            raise PageRefusal("bad_request", "decision must be yes or no.")
        # Our own form names the client that a hint had proved; the hint itself is a token, and on no page.
        asked = await _toward(shop, parameters, None, client_id)
        if decision == "no":
            return RedirectResponse("/", 303)
    elif not await _hint_is_of_this_session(shop, asked, signed_in):
        return await _ask(shop, request, asked, signed_in)
    session = signed_in.session
    ended = await shop.sign_outs.session(session.session_id, session.user_id, Reason.LOGGED_OUT)
    await shop.deliveries.settle(session.session_id)
    return await _ended(shop, request, asked, session.session_id, ended)


async def _check(shop: Parts, parameters: Parameters) -> Asked:
    repeated = sorted(parameters.repeated())
    if repeated:
        raise PageRefusal("bad_request", f"The parameter {repeated[0][:40]} is repeated.")
    token = parameters.get("id_token_hint")
    hint = hints.read(shop.keys, shop.issuer, token) if token is not None else None
    client_id = parameters.get("client_id")
    if hint is not None and client_id is not None and client_id != hint.client_id:
        # RP-Initiated Logout 2: both name the same client.
        raise PageRefusal("logout_hint", "client_id is not the client of id_token_hint.")
    return await _toward(shop, parameters, hint, hint.client_id if hint else None)


async def _toward(shop: Parts, parameters: Parameters, hint: hints.Hint | None, client_id: str | None) -> Asked:
    client = await shop.clients.find(client_id)
    onward = parameters.get("post_logout_redirect_uri")
    if client is None or onward not in client.post_logout_redirect_uris:
        return Asked(parameters, client, hint, None)
    state = parameters.get("state")
    return Asked(parameters, client, hint, add_parameters(onward, [("state", state)]) if state else onward)


def _action(client_id: str | None) -> str:
    return f"{ACTION} {client_id}" if client_id else ACTION


async def _hint_is_of_this_session(shop: Parts, asked: Asked, signed_in: SignedIn) -> bool:
    hint, session_id = asked.hint, signed_in.session.session_id
    if hint is None:
        return False
    if hint.sid is None:
        # An ID token of a client that is not told of log-outs has no sid.
        found = await shop.stores.sign_ins.of_session(session_id)
    else:
        sign_in = await shop.stores.sign_ins.get(hint.sid)
        found = [sign_in] if sign_in is not None and sign_in.session_id == session_id else []
    return any((one.client_id, one.sub) == (hint.client_id, hint.sub) for one in found)


async def _ask(shop: Parts, request: Request, asked: Asked, signed_in: SignedIn) -> Response:
    ui_locales = asked.parameters.get("ui_locales")
    language = choose(request, ui_locales)
    visits = await shop.stores.sign_ins.of_session(signed_in.session.session_id)
    found = await shop.clients.found(visit.client_id for visit in visits)
    visited = shown.in_order(found.values())
    client_id = asked.client.client_id if asked.client else None
    carried = [(name, value) for name, value in asked.parameters.pairs if name in _SHOWN]
    if client_id is not None:
        carried.append(("client_id", client_id))
    return shop.pages.render(
        request,
        "logout.html",
        here=f"/end_session?{urlencode(carried)}",
        ui_locales=ui_locales,
        form_action=shown.form_targets(asked.client, asked.onward) if asked.client and asked.onward else [],
        fields=[*carried, ("csrf", shop.csrf.token(signed_in.session.session_id, _action(client_id)))],
        person=shown.person(signed_in.person, signed_in.acr),
        portal=shown.portal(asked.client, language) if asked.client else None,
        visited=[client.name(language) for client in visited],
    )


async def _ended(shop: Parts, request: Request, asked: Asked, session_id: str, ended: Sequence[SignIn]) -> Response:
    language = choose(request, asked.parameters.get("ui_locales"))
    rows = await shop.stores.deliveries.of_session(session_id)
    told = await shown.deliveries(rows, shop.clients, language)
    frames = []
    if shop.settings.features.frontchannel_logout:
        found = await shop.clients.found(one.client_id for one in ended)
        frames = logout_frames(shop.issuer, found, ended)
    response = _done(shop, request, asked, was_signed_in=True, told=told, frames=frames)
    browser.set_ended(shop, response, session_id)
    return response


def _done(
    shop: Parts,
    request: Request,
    asked: Asked,
    *,
    was_signed_in: bool = False,
    told: Sequence[dict[str, object]] = (),
    frames: Sequence[str] = (),
) -> Response:
    response: Response
    if asked.onward is not None and not frames:
        response = RedirectResponse(asked.onward, 303, {"cache-control": "no-store"})
    else:
        ui_locales = asked.parameters.get("ui_locales")
        response = shop.pages.render(
            request,
            "logged_out.html",
            here="/",
            ui_locales=ui_locales,
            frames=[origin(frame) for frame in frames],
            was_signed_in=was_signed_in,
            deliveries=told,
            tell=frames,
            seconds=FRAMES_SECONDS,
            onward=asked.onward,
            not_onward=asked.onward is None and asked.parameters.get("post_logout_redirect_uri") is not None,
            links=_links(shop, asked, choose(request, ui_locales)),
        )
    browser.clear_session(shop, response)
    return response


def _links(shop: Parts, asked: Asked, language: str) -> list[dict[str, str]]:
    def link(href: str, key: str, **fills: str) -> dict[str, str]:
        return {"href": href, "label": shop.pages.catalogue.text(language, f"logged_out.{key}", fills)}

    zone = link("/", "to_zone")
    if asked.client is None:
        return [zone, link("/login", "sign_in")]
    back = link(asked.onward or asked.client.client_uri, "to_portal", portal=asked.client.name(language))
    # On its way to the portal the page has one way to go on, for whoever does not want to wait.
    return [back] if asked.onward else [back, zone]
