"""/logout: asks, then ends the session here and goes on to the provider, which ends it everywhere."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portals import journal
from portals.cookies import new_value
from portals.errors import RETRY_AFTER, Problem, ProviderUnreachable
from portals.frame import leave, page
from portals.parts import Parts, parts_of
from portals.stores.sessions import Session
from portals.visitor import session_at, visitor_of
from web.forms import form_parameters
from web.language import choose
from web.pages import origin

ACTION = "logout"
BACK_SECONDS = 600


async def logout(request: Request) -> Response:
    """Answer GET /logout with the question, POST /logout with the log-out (RP-Initiated Logout 2)."""
    parts = parts_of(request)
    session = await session_at(request, parts)
    if session is None:
        return leave("/")
    if request.method != "POST":
        visitor = visitor_of(session, parts.portal)
        token = parts.csrf.token(session.id, ACTION)
        return page(request, "logout.html", visitor, csrf=token, form_action=[origin(parts.provider.issuer)])
    given = await form_parameters(request)
    if not parts.csrf.valid(given.get("csrf"), session.id, ACTION):
        raise Problem("stale_form", "The log-out form has no CSRF token of this session.", status=403, again="/logout")
    await parts.sessions.end(session.id)
    journal.record("signed_out", portal=parts.portal.client_id)
    response = await _to_provider(request, parts, session)
    parts.cookies.clear(response, parts.cookies.session)
    return response


async def _to_provider(request: Request, parts: Parts, session: Session) -> Response:
    """Return the redirect to end_session; where the provider cannot be reached, a page that says what has not ended."""
    try:
        metadata = await parts.provider.metadata()
        await parts.provider.reach()
    except ProviderUnreachable as error:
        journal.record("logout_here_only", portal=parts.portal.client_id, reason=error.reason)
        return page(request, "logged_out_here.html", None, status=503, headers={"retry-after": RETRY_AFTER})
    state = new_value()
    wanted = {
        "id_token_hint": session.id_token,
        "client_id": parts.portal.client_id,
        "post_logout_redirect_uri": parts.portal.after_logout,
        "state": state,
        "ui_locales": choose(request),
    }
    response = leave(f"{metadata['end_session_endpoint']}?{urlencode(wanted)}")
    parts.cookies.set(response, parts.cookies.logout, state, BACK_SECONDS)
    return response
