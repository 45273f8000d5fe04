"""POST /par: an authorization request comes by the back channel, from a client that says who it is (RFC 9126)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.error_page import json_answer
from idp.endpoints.parts import parts
from idp.errors import PageRefusal, RedirectRefusal
from idp.oauth.authorization_request import destination, validate
from idp.oauth.pushed_request import keep, pushed, refused
from web.forms import form_parameters


async def par(request: Request) -> Response:
    """Check the request by the same list as /authorize, so that what is wrong is told before a person is bothered."""
    shop = parts(request)
    parameters = await form_parameters(request)
    client, proof = await shop.token_endpoint.authenticated_with_proof(parameters, request.headers, "/par")
    # RFC 9449 10.1: the proof stands for dpop_jkt.
    incoming = pushed(client, parameters, proof.jkt if proof is not None else None)
    try:
        incoming = await shop.request_objects.opened(incoming)
        draft = shop.draft(incoming)
        destination(draft)
        validate(draft)
    except (PageRefusal, RedirectRefusal) as refusal:
        raise refused(client, refusal) from refusal
    answer = await keep(shop.stores.pushed_requests, incoming, shop.clock(), shop.settings.idp_pushed_request_seconds)
    shop.auditor.issued(client.client_id, "pushed_request", ["request_uri"])
    # With a nonce from here, the proof at /token is good at the first attempt (RFC 9449 8.2).
    return json_answer(answer, 201, shop.proofs.headers())
