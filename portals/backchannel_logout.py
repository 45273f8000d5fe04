"""/backchannel-logout: the provider says that a session has ended (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals import journal
from portals.errors import RETRY_AFTER, Problem
from portals.parts import Parts, parts_of
from portals.refusals import noted
from portals.stores.endings import Ending
from web.forms import BadForm, form_parameters

NO_STORE = {"cache-control": "no-store"}


async def backchannel_logout(request: Request) -> Response:
    """Answer POST /backchannel-logout: 200 when the session has ended, 400 with an OAuth error when not (2.8)."""
    parts = parts_of(request)
    try:
        ended = await _carry_out(request, parts)
    except BadForm as error:
        return _refuse(parts, Problem("bad_request", error.reason, status=error.status))
    except Problem as error:
        return _refuse(parts, error)
    journal.record("backchannel_logout", portal=parts.portal.client_id, sessions=ended)
    return Response(status_code=200, headers=NO_STORE)


async def _carry_out(request: Request, parts: Parts) -> int:
    """Judge the logout token and end what it names; return how many sessions that were. Raises Problem, BadForm."""
    given = await form_parameters(request)
    tokens = given.all("logout_token")
    if len(tokens) != 1:
        raise Problem("bad_request", f"There are {len(tokens)} logout tokens where one is expected.")
    verdict = await parts.judge.logout_token(tokens[0])
    if not verdict.accepted:
        raise Problem("token_refused", "The logout token was refused.", verdict=verdict.code)
    claims, now = verdict.claims, parts.clock()
    # A token is good for its leeway beyond exp, and so must its jti be remembered (2.6, step 8).
    ending = Ending(claims["jti"], claims.get("sid"), claims.get("sub"), now, claims["exp"] + 60)
    ended = await parts.endings.end(ending)
    if ended is None:
        # Two deliveries at once: the verdict saw neither, the store lets one through.
        raise Problem("token_refused", "The logout token was used before.", verdict="token.jti.replayed")
    return ended


def _refuse(parts: Parts, problem: Problem) -> Response:
    incident = noted(parts, problem)
    if problem.status == 503:
        body = {"error": "temporarily_unavailable", "error_description": "The keys of the provider cannot be had."}
        return JSONResponse({**body, "incident": incident}, 503, {**NO_STORE, "retry-after": RETRY_AFTER})
    # 2.8: 400 whatever the reason; a caller learns no more than that.
    status = problem.status if problem.status in (413, 415) else 400
    body = {"error": "invalid_request", "error_description": "The logout token was not accepted."}
    return JSONResponse({**body, "incident": incident}, status, NO_STORE)
