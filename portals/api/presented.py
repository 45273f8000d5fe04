"""An access token that came to this portal's API: taken from its header, judged, or refused with a challenge."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.errors import RETRY_AFTER, Problem
from portals.parts import Parts, parts_of
from portals.refusals import noted
from portals.stores.proofs import TooManyProofs
from portals.verdict import Presentation, Verdict
from web.dpop import ALGORITHMS
from web.forms import BadForm, query_parameters

REALM = "manyou"
ALGS = " ".join(ALGORITHMS)
NO_STORE = {"cache-control": "no-store"}
CREDENTIALS = re.compile(r"(?i:dpop) +([A-Za-z0-9._~+/-]+=*)")
"""RFC 9449 7.1; the scheme's name is case-insensitive (RFC 9110 11.1)."""
PROOF_REPLAYED = "proof.jti.replayed"


class _NoToken(Exception):
    """A request without any credentials that this API knows."""


Answer = Callable[[Parts, dict[str, Any], Request], Response]
"""Says what an API has to say to whoever presented a token with these claims; it may raise Refused."""


class Refused(Exception):
    """A token that is good, and not enough for what was asked: `parameters` are those of the challenge."""

    def __init__(self, status: int, error: str, **parameters: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.parameters = parameters


async def answered(request: Request, answer: Answer) -> Response:
    """Return `answer` to a token that is accepted; a refusal has an incident number, no reason (RFC 6750 3.1)."""
    parts = parts_of(request)
    try:
        return answer(parts, await _accepted(parts, request, _token(request)), request)
    except _NoToken:
        return _refusal(401, {"error": "no_token"})
    except BadForm as error:
        return _refuse(parts, Problem("invalid_request", error.reason))
    except Problem as error:
        return _refuse(parts, error)
    except Refused as error:
        return _refusal(error.status, {"error": error.error}, error=error.error, **error.parameters)


def _token(request: Request) -> str:
    """Return the token of the one Authorization header. Raises Problem, BadForm, _NoToken."""
    if query_parameters(request).get("access_token") is not None:
        # RFC 6750 5.3: a token in a URL is a token in logs; and no proof stands for one there (FAPI 2 5.3.4).
        raise Problem("invalid_request", "The token came in the query.")
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise Problem("invalid_request", "There is more than one Authorization header.")
    scheme = headers[0].split(" ")[0].lower() if headers else ""
    if scheme == "bearer":
        # RFC 9449 7.2: whatever the token is, as Bearer it proves nothing about who sends it.
        raise Problem("invalid_token", "The token came as Bearer.", status=401, verdict="proof.missing")
    if scheme != "dpop":
        raise _NoToken
    match = CREDENTIALS.fullmatch(headers[0])
    if match is None:
        raise Problem("invalid_request", "The Authorization header is malformed.")
    return match.group(1)


async def _accepted(parts: Parts, request: Request, token: str) -> dict[str, Any]:
    """Return the claims of a token for this portal whose sender has its key and whose session lives. Raises Problem."""
    # The address is the registered one: what Host says is up to whoever sends the request (RFC 9449 4.3 no. 9).
    url = parts.portal.address + request.scope["raw_path"].decode("ascii")
    presented = Presentation(tuple(request.headers.getlist("dpop")), request.method, url)
    verdict = await parts.judge.access_token(token, presented)
    if not verdict.accepted:
        raise _refused(verdict.code)
    await _use_proof(parts, verdict)
    claims = dict(verdict.claims)
    if await parts.endings.subject_ended(claims["sub"], claims["iat"]):
        raise Problem("invalid_token", "All of the subject's sessions ended.", status=401, verdict="token.sid.ended")
    return claims


async def _use_proof(parts: Parts, verdict: Verdict) -> None:
    """Take the proof once (RFC 9449 11.1). Raises Problem."""
    assert verdict.proof is not None
    try:
        if not await parts.proofs.use(verdict.proof, parts.clock()):
            # Two requests at once: the verdict saw neither, the store lets one through.
            raise _refused(PROOF_REPLAYED)
    except TooManyProofs as error:
        raise Problem("too_many_proofs", "No more proofs can be remembered now.", status=503) from error


def _refused(code: str) -> Problem:
    # RFC 9449 7.1: a proof that is not good has an error of its own; one of another key makes the token no good.
    of_proof = code.startswith("proof.") and code != "proof.key.other"
    error, what = ("invalid_dpop_proof", "proof") if of_proof else ("invalid_token", "access token")
    return Problem(error, f"The {what} was refused.", status=401, verdict=code)


def _refuse(parts: Parts, problem: Problem) -> Response:
    incident = noted(parts, problem)
    if problem.status == 503:
        return JSONResponse(
            {"error": "temporarily_unavailable", "incident": incident}, 503, {**NO_STORE, "retry-after": RETRY_AFTER}
        )
    return _refusal(problem.status, {"error": problem.code, "incident": incident}, error=problem.code)


def _refusal(status: int, body: dict[str, str], **parameters: str) -> Response:
    told = {"realm": REALM, "algs": ALGS, **parameters}
    challenge = "DPoP " + ", ".join(f'{name}="{value}"' for name, value in told.items())
    return JSONResponse(body, status, {**NO_STORE, "www-authenticate": challenge})
