"""GET /check_session: the check_session_iframe of OpenID Connect Session Management 1.0, 3.2 and 3.3."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import browser
from idp.endpoints.parts import parts


async def check_session(request: Request) -> Response:
    """Answer with the page that any client may hold in a frame and ask by postMessage; it asks nobody itself."""
    shop = parts(request)
    return shop.pages.render(request, "check_session.html", framed=True, cookie=browser.state_cookie(shop))
