"""/login: from here to the provider at once; also where others start a sign-in (OpenID Connect Core 4)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portals.cookies import new_value
from portals.errors import Problem
from portals.frame import leave
from portals.parts import parts_of
from portals.portal import Portal
from portals.stores.flows import FLOW_SECONDS
from portals.stores.sessions import hashed
from web.addresses import under_its_own_name
from web.forms import Parameters, form_parameters, query_parameters
from web.language import choose
from web.pages import own_path


async def login(request: Request) -> Response:
    """Answer GET /login?target_link_uri&iss&login_hint&item with a redirect to the provider's /authorize."""
    parts = parts_of(request)
    if request.method == "POST":
        # Core 4 allows POST; a GET of our own lets the browser send its cookies, which a foreign POST does not.
        given = await form_parameters(request)
        return leave(f"/login?{urlencode(given.pairs)}")
    given = query_parameters(request)
    own = under_its_own_name(parts.portal.address, request.headers.get("host"), f"/login?{urlencode(given.pairs)}")
    if own is not None:
        return leave(own)
    if given.repeated():
        raise Problem("bad_request", f"Repeated at /login: {', '.join(sorted(given.repeated()))}")
    if given.get("iss") not in (None, parts.provider.issuer):
        raise Problem("foreign_issuer", "A sign-in was to be started with another issuer.", again="/login")
    item = given.get("item")
    if item is not None and parts.portal.item(item) is None:
        raise Problem("unknown_item", "A sign-in was to be started for an item that does not exist.", status=404)
    browser = parts.cookies.read(request, parts.cookies.flow) or new_value()
    try:
        url, flow = await parts.sign_in.begin(
            hashed(browser),
            target(given, parts.portal),
            ui_locales=choose(request),
            login_hint=given.get("login_hint"),
            item=item,
        )
    except Problem as error:
        error.again = f"/login?{urlencode(given.pairs)}"
        raise
    await parts.flows.start(flow)
    answer = leave(url)
    parts.cookies.set(answer, parts.cookies.flow, browser, FLOW_SECONDS)
    return answer


def target(given: Parameters, portal: Portal) -> str:
    """Return where to go after the sign-in: `target_link_uri` if it is of this portal, the item's page, or the start.

    Who was sent here from elsewhere (Core 4) came to be signed in, and sees on /me as whom.
    """
    item = given.get("item")
    wanted = given.get("target_link_uri")
    if wanted and wanted.startswith(f"{portal.address}/"):
        wanted = wanted.removeprefix(portal.address)
    start = "/me" if given.get("iss") else "/"
    return own_path(wanted, f"/items/{item}" if item else start)
