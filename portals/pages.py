"""/ and /items/{code}: what this portal offers, and whether the person who looks at it may start it."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response

from portals.errors import Problem
from portals.frame import page
from portals.items import gate
from portals.me import held
from portals.parts import parts_of
from portals.visitor import Visitor, visitor_at
from web.forms import query_parameters


async def home(request: Request) -> Response:
    """Answer GET / with the items; after a log-out it says that it is done (RP-Initiated Logout 3: `state`)."""
    parts = parts_of(request)
    visitor = await visitor_at(request)
    state = query_parameters(request).get("state") or ""
    sent = parts.cookies.read(request, parts.cookies.logout)
    logged_out = visitor is None and sent is not None and secrets.compare_digest(sent.encode(), state.encode())
    rows = [(item, gate(item, *_known(visitor))) for item in parts.portal.items]
    response = page(request, "home.html", visitor, rows=rows, logged_out=logged_out)
    if logged_out:
        parts.cookies.clear(response, parts.cookies.logout)
    return response


async def item(request: Request) -> Response:
    """Answer GET /items/{code} with what the item needs and what stands before it, if anything."""
    parts = parts_of(request)
    found = parts.portal.item(request.path_params["code"])
    if found is None:
        raise Problem("unknown_item", "There is no such item.", status=404)
    visitor = await visitor_at(request)
    return page(request, "item.html", visitor, item=found, gate=gate(found, *_known(visitor)))


async def look(request: Request) -> Response:
    """Answer GET /look.css with this portal's colours as the variables that /static/manyou.css uses."""
    colours = parts_of(request).portal.look
    body = ":root{" + ";".join(f"--{name}:{value}" for name, value in colours.items()) + "}\n"
    return Response(body, media_type="text/css", headers={"cache-control": "public, max-age=300"})


def _known(visitor: Visitor | None) -> tuple[int | None, frozenset[str], frozenset[str]]:
    if visitor is None:
        return None, frozenset(), frozenset()
    return visitor.level, visitor.session.scopes, held(visitor.session)
