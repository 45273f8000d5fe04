"""Authorization responses on their way through the browser: a redirect, or a form that submits itself (Form Post 2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.parts import Parts
from idp.endpoints.shown import form_targets
from idp.oauth.authorization_response import AuthorizationResponse
from web.language import choose

NO_STORE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def deliver(shop: Parts, request: Request, answer: AuthorizationResponse, ui_locales: str | None) -> Response:
    """Return the HTTP response that takes `answer` to the client; `ui_locales` is for who has to press the button."""
    if answer.response_mode != "form_post":
        return Response(status_code=303, headers={"location": answer.location, **NO_STORE})
    # A browser sends a lone line break in a field as two characters; in state there is none (RFC 6749 A.5).
    return shop.pages.render(
        request,
        "form_post.html",
        ui_locales=ui_locales,
        form_action=form_targets(answer.client, answer.redirect_uri),
        action=answer.redirect_uri,
        fields=answer.parameters,
        portal=answer.client.name(choose(request, ui_locales)),
    )
