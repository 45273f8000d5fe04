"""Authorization responses on their way through the browser: a redirect, or a form that submits itself (Form Post 2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.endpoints.parts import Parts
from idp.oauth.authorization_response import AuthorizationResponse

NO_STORE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def deliver(shop: Parts, request: Request, answer: AuthorizationResponse) -> Response:
    """Return the HTTP response that takes `answer` to the client."""
    return RedirectResponse(answer.location, 303, NO_STORE)
