"""/api/whoami: what another service may ask with a person's access token for this portal (RFC 6750, RFC 9068)."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals import journal
from portals.errors import Problem, new_incident
from portals.levels import level_of
from portals.parts import Parts, parts_of
from web.forms import BadForm, query_parameters

REALM = "manyou"
NO_STORE = {"cache-control": "no-store"}
CREDENTIALS = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")
"""RFC 6750 2.1; the scheme's name is case-insensitive (RFC 9110 11.1)."""


class _NoToken(Exception):
    """A request without any credentials that this API knows."""


async def whoami(request: Request) -> Response:
    """Answer GET /api/whoami with what the token says; a refusal has an incident number, no reason (RFC 6750 3.1)."""
    parts = parts_of(request)
    try:
        claims = await _accepted(parts, _bearer(request))
    except _NoToken:
        return _refusal(401, {"error": "no_token"}, f'Bearer realm="{REALM}"')
    except BadForm as error:
        return _refuse(parts, Problem("invalid_request", error.reason))
    except Problem as error:
        return _refuse(parts, error)
    told = {name: claims[name] for name in ("sub", "client_id", "scope", "acr", "auth_time", "exp") if name in claims}
    answer = {"portal": parts.portal.client_id, "region": parts.portal.region, "level": level_of(claims.get("acr"))}
    return JSONResponse({**told, **answer}, headers=NO_STORE)


def _bearer(request: Request) -> str:
    """Return the token of the one Authorization header. Raises Problem, BadForm, _NoToken."""
    if query_parameters(request).get("access_token") is not None:
        # RFC 6750 5.3: a token in a URL is a token in logs.
        raise Problem("invalid_request", "The token came in the query.")
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise Problem("invalid_request", "There is more than one Authorization header.")
    if not headers or headers[0].split(" ")[0].lower() != "bearer":
        raise _NoToken
    match = CREDENTIALS.fullmatch(headers[0])
    if match is None:
        raise Problem("invalid_request", "The Authorization header is malformed.")
    return match.group(1)


async def _accepted(parts: Parts, token: str) -> dict[str, Any]:
    """Return the claims of a token for this portal whose session lives. Raises Problem."""
    verdict = await parts.judge.access_token(token)
    if not verdict.accepted:
        raise Problem("invalid_token", "The access token was refused.", status=401, verdict=verdict.code)
    claims = dict(verdict.claims)
    if await parts.endings.subject_ended(claims["sub"], claims["iat"]):
        raise Problem("invalid_token", "All of the subject's sessions ended.", status=401, verdict="token.sid.ended")
    return claims


def _refuse(parts: Parts, problem: Problem) -> Response:
    incident = new_incident()
    journal.problem(parts.portal.client_id, incident, problem.code, problem.reason, problem.verdict)
    if problem.status == 503:
        return JSONResponse(
            {"error": "temporarily_unavailable", "incident": incident}, 503, {**NO_STORE, "retry-after": "5"}
        )
    challenge = f'Bearer realm="{REALM}", error="{problem.code}"'
    return _refusal(problem.status, {"error": problem.code, "incident": incident}, challenge)


def _refusal(status: int, body: dict[str, str], challenge: str) -> Response:
    return JSONResponse(body, status, {**NO_STORE, "www-authenticate": challenge})
