"""/callback: the authorization response, its checks in order, and the session that comes of it."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portals import journal
from portals.cookies import new_value
from portals.errors import Problem
from portals.frame import leave
from portals.levels import level_of
from portals.parts import Parts, parts_of
from portals.sign_in import TokenAnswer
from portals.stores.flows import Flow
from portals.stores.sessions import Session, hashed
from portals.verdict import Verdict
from portals.visitor import session_at
from web.forms import Parameters, query_parameters

DECLINED = frozenset({"access_denied"})
NOT_SIGNED_IN = frozenset({"login_required", "interaction_required", "account_selection_required", "consent_required"})
NOT_NOW = frozenset({"server_error", "temporarily_unavailable"})


async def callback(request: Request) -> Response:
    """Answer GET /callback: flow, issuer, error, code, tokens, person, session; each refusal is a page."""
    parts = parts_of(request)
    given = query_parameters(request)
    if given.repeated():
        raise Problem("bad_request", f"Repeated at /callback: {', '.join(sorted(given.repeated()))}", again="/login")
    present = await session_at(request, parts)
    flow = await _flow(request, parts, given)
    if flow is None or flow.used_at is not None:
        if present:
            # A reload or the back button: the sign-in is done, so go where it led.
            return leave(flow.target if flow else "/")
        raise _no_flow(flow)
    again = _again(flow)
    _check_issuer(parts, given, again)
    if flow.ends_at <= parts.clock():
        raise Problem("flow_ended", "The flow had ended when the response came.", again=again)
    if given.get("error"):
        await parts.flows.use(flow.state, parts.clock())
        raise _refused_by_provider(given, flow)
    code = given.get("code")
    if code is None:
        raise Problem("bad_request", "The authorization response has neither code nor error.", again=again)
    if not await parts.flows.use(flow.state, parts.clock()):
        raise Problem("flow_used", "The flow was used by another request at the same time.", again=again)
    try:
        answer = await parts.sign_in.redeem(flow, code)
        session, issued_at, value = await _session(parts, flow, answer)
    except Problem as error:
        error.again = again
        raise
    if not await parts.sessions.begin(session, issued_at, replaces=present.id if present else None):
        # While userinfo was on its way a logout token may have come.
        raise Problem("session_ended", "The session was ended while it began.", status=403)
    journal.record("signed_in", portal=parts.portal.client_id, acr=session.acr, scope=session.scope)
    parts.metrics.signed_in(level_of(session.acr))
    response = leave(flow.target)
    parts.cookies.set(response, parts.cookies.session, value)
    return response


async def _flow(request: Request, parts: Parts, given: Parameters) -> Flow | None:
    """Return the flow of `state` that this browser began (RFC 6749 10.12), or None."""
    state, browser = given.get("state"), parts.cookies.read(request, parts.cookies.flow)
    flow = await parts.flows.find(state) if state else None
    if flow is None or browser is None or not secrets.compare_digest(flow.browser, hashed(browser)):
        return None
    return flow


def _no_flow(flow: Flow | None) -> Problem:
    if flow is None:
        return Problem("flow_unknown", "No flow of this browser has the state of the response.", again="/login")
    return Problem("flow_used", "The flow was used before and nobody is signed in.", again=_again(flow))


def _again(flow: Flow) -> str:
    wanted = {"target_link_uri": flow.target, **({"item": flow.item} if flow.item else {})}
    return f"/login?{urlencode(wanted)}"


def _check_issuer(parts: Parts, given: Parameters, again: str) -> None:
    """Refuse a response that is not from our provider, errors included (RFC 9207 2.4)."""
    if given.get("iss") != parts.provider.issuer:
        way = "no iss" if given.get("iss") is None else f"iss {given.get('iss')}"
        raise Problem("foreign_issuer", f"The authorization response has {way}.", again=again)


def _refused_by_provider(given: Parameters, flow: Flow) -> Problem:
    error = given.get("error") or ""
    reason = f"The provider answered {error}: {given.get('error_description')}"
    if error in DECLINED:
        # Back to the item, not to /login: who declined is not asked again unless they want to be.
        return Problem("declined", reason, status=403, again=f"/items/{flow.item}" if flow.item else "/")
    if error in NOT_SIGNED_IN:
        return Problem("not_signed_in", reason, status=403, again=_again(flow))
    if error in NOT_NOW:
        return Problem("provider_unreachable", reason, status=503, again=_again(flow))
    return Problem("provider_refused", reason, again=_again(flow))


async def _session(parts: Parts, flow: Flow, answer: TokenAnswer) -> tuple[Session, float, str]:
    """Judge the ID token, ask for the person; return the new session, the token's `iat`, and the cookie's value."""
    if answer.id_token is None:
        raise Problem("token_refused", "The token endpoint gave no ID token.", status=502)
    verdict = await parts.judge.new_id_token(answer.id_token, flow.nonce, answer.access_token)
    await _check_verdict(parts, verdict)
    claims = verdict.claims
    userinfo = await parts.sign_in.userinfo(answer.access_token, claims["sub"])
    now, value = parts.clock(), new_value()
    session = Session(
        id=hashed(value),
        sub=claims["sub"],
        sid=claims["sid"],
        acr=claims["acr"],
        auth_time=claims.get("auth_time"),
        nonce=flow.nonce,
        scope=answer.scope or flow.scope,
        id_token=answer.id_token,
        id_token_use="id_token",
        access_token=answer.access_token,
        access_ends_at=answer.ends_at,
        refresh_token=answer.refresh_token,
        userinfo=userinfo,
        created_at=now,
        seen_at=now,
        ends_at=now + parts.settings.portal_session_seconds,
    )
    return session, claims["iat"], value


async def _check_verdict(parts: Parts, verdict: Verdict) -> None:
    if not verdict.accepted:
        code = "session_ended" if verdict.code == "token.sid.ended" else "token_refused"
        raise Problem(code, "The ID token was refused.", status=403, verdict=verdict.code)
    claims = verdict.claims
    if await parts.endings.subject_ended(claims["sub"], claims["iat"]):
        journal.record("late_callback", level=logging.WARNING, portal=parts.portal.client_id)
        raise Problem("session_ended", "All sessions of the subject were ended.", status=403)
