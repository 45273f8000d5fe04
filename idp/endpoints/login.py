"""GET and POST /login: one page, one form; afterwards back to /authorize, or to the zone."""

from __future__ import annotations

import math
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.endpoints import browser, shown
from idp.endpoints.interactions import request_of, resume
from idp.endpoints.parts import Parts, parts
from idp.errors import PageRefusal
from idp.model import Interaction, Person
from idp.oauth.claims import bases_of
from idp.people import demo_people
from idp.people.sign_outs import Reason
from web.addresses import under_its_own_name
from web.forms import Parameters, form_parameters, query_parameters
from web.language import choose

ACTION = "login"
BUSY_SECONDS = 2


@browser.tells_state
async def login(request: Request) -> Response:
    """Show the log-in page, or try to log in."""
    shop = parts(request)
    if request.method == "POST":
        return await _attempt(shop, request, await form_parameters(request))
    parameters = query_parameters(request)
    own = under_its_own_name(shop.issuer, request.headers.get("host"), "/login")
    if own is not None:
        return RedirectResponse(own, 303)
    interaction = await _interaction(shop, request, parameters)
    signed_in = await browser.signed_in(shop, request)
    if signed_in is not None and (interaction is None or not interaction.reauthenticate):
        return RedirectResponse(_onward(interaction), 303)
    return await _page(shop, request, interaction, username=parameters.get("username"))


async def _interaction(shop: Parts, request: Request, parameters: Parameters) -> Interaction | None:
    interaction_id = parameters.get("interaction")
    return await resume(shop, request, interaction_id) if interaction_id is not None else None


def _onward(interaction: Interaction | None) -> str:
    return f"/authorize?interaction={interaction.interaction_id}" if interaction is not None else "/"


async def _attempt(shop: Parts, request: Request, parameters: Parameters) -> Response:
    # A browser that comes without its mark gets one for which nobody has a token.
    mark, _ = browser.mark(shop, request)
    # Before anything is counted: a form that another site sends must slow nobody down.
    if not shop.csrf.valid(parameters.get("csrf"), mark, ACTION):
        waiting = await shop.stores.interactions.get(parameters.get("interaction") or "")
        client_id = waiting.client_id if waiting is not None else None
        raise PageRefusal("csrf", "The form is not valid any more.", status=403, client_id=client_id)
    interaction = await _interaction(shop, request, parameters)
    username, password = parameters.get("username"), parameters.get("password")
    if username is None or password is None:
        return await _page(shop, request, interaction, username=username, error="missing", status=400)
    outcome = await shop.log_in.attempt(username, password, browser.address(request))
    shop.metrics.log_in(outcome.kind)
    if outcome.wait > 0:
        return await _page(shop, request, interaction, username=username, delay=_seconds(outcome.wait), status=429)
    if outcome.busy:
        public = "Too many people log in just now."
        raise PageRefusal("busy", public, status=503, code="temporarily_unavailable", seconds=BUSY_SECONDS)
    if outcome.frozen:
        raise PageRefusal("frozen", "This account is frozen.", status=403, code="access_denied")
    if outcome.person is None:
        return await _page(shop, request, interaction, username=username, error="wrong", status=400)
    return await _log_in(shop, request, interaction, outcome.person)


def _seconds(wait: float) -> int:
    """Return whole seconds after which the wait is over, for Retry-After (RFC 9110 10.2.3)."""
    return max(1, math.ceil(round(wait, 3)))


async def _log_in(shop: Parts, request: Request, interaction: Interaction | None, person: Person) -> Response:
    before = await shop.sessions.before(browser.session_cookie(shop, request))
    cookie, session = await shop.sessions.start(person, ("pwd",))
    if before is not None and before.user_id == person.user_id:
        # The same person confirmed who they are: what they visited so far stays theirs, under the new session id.
        await shop.sessions.succeed(before, session)
    elif before is not None:
        await shop.sign_outs.session(before.session_id, before.user_id, Reason.REPLACED)
    if interaction is not None:
        await shop.stores.interactions.authenticated(interaction.interaction_id, session.session_id)
    response = RedirectResponse(_onward(interaction), 303, {"cache-control": "no-store"})
    browser.set_session(shop, response, cookie)
    return response


async def _page(
    shop: Parts,
    request: Request,
    interaction: Interaction | None,
    *,
    username: str | None = None,
    error: str | None = None,
    delay: int | None = None,
    status: int = 200,
) -> Response:
    asked = await request_of(shop, interaction) if interaction is not None else None
    ui_locales = asked.ui_locales if asked else None
    language = choose(request, ui_locales)
    mark, new_mark = browser.mark(shop, request)
    releases = bases_of(asked) if asked else {}
    portal = shown.portal(asked.client, language, asked.redirect_uri) if asked else None
    response = shop.pages.render(
        request,
        "login.html",
        status=status,
        here=f"/login?interaction={interaction.interaction_id}" if interaction else "/login",
        ui_locales=ui_locales,
        form_action=shown.form_targets(asked.client, asked.redirect_uri) if asked else [],
        headers={"retry-after": str(delay)} if delay else None,
        csrf=shop.csrf.token(mark, ACTION),
        interaction=interaction.interaction_id if interaction else "",
        portal=portal,
        images=shown.images(portal),
        releases=[scope for scope, basis in releases.items() if basis == "legal_duty"],
        username=username or (asked.login_hint if asked else None) or "",
        error=error,
        delay=delay,
        reauthenticate=interaction.reauthenticate if interaction else False,
        cancel_href=asked.client.client_uri if asked else "/",
        **_demo(shop, interaction, language, asked.client.display.region if asked else ""),
    )
    if new_mark:
        browser.set_mark(shop, response, mark)
    return response


def _demo(shop: Parts, interaction: Interaction | None, language: str, region: str) -> dict[str, Any]:
    if not shop.settings.demo:
        return {"demo_password": None, "demo_people": []}
    password, people = demo_people.read_once(shop.settings.features)
    # Who is at home here comes first: the next portal is then a roam that explains itself.
    ordered = sorted(people, key=lambda demo: demo.person.home_region != region)
    at = f"&interaction={interaction.interaction_id}" if interaction else ""
    listed = [
        {
            **shown.person(demo.person, demo.person.acr),
            "shows": demo.note[language[:2]],
            "href": f"/login?username={demo.person.username}{at}",
        }
        for demo in ordered
    ]
    return {"demo_password": password, "demo_people": listed}
