"""How this portal's pages are rendered: its name, its look and who is there, around each page's own part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portals.parts import parts_of
from portals.visitor import Visitor
from web.language import choose


def page(
    request: Request,
    template: str,
    visitor: Visitor | None,
    *,
    status: int = 200,
    form_action: Iterable[str] = (),
    headers: dict[str, str] | None = None,
    here: str | None = None,
    **values: Any,
) -> Response:
    """Render `template` within this portal's frame; `visitor` is who is signed in, the rest is as in web.pages."""
    parts = parts_of(request)
    language = choose(request)

    def region(code: str) -> str:
        if code == parts.portal.region:
            return parts.portal.short[language]
        key = f"region.{code}"
        return parts.pages.catalogue.text(language, key) if parts.pages.catalogue.has(key) else code

    return parts.pages.render(
        request, template, status=status, form_action=form_action, headers=headers, here=here,
        portal=parts.portal, visitor=visitor, region=region, zone=f"{parts.provider.issuer}/", **values,
    )  # fmt: skip


def leave(url: str) -> Response:
    """Send the browser to `url` by GET; nothing on the way is kept or told on."""
    return RedirectResponse(url, 303, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"})
