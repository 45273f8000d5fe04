"""What goes out to people: templates in two languages, under headers that let a page do only what it must."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from web.clock import local
from web.language import COOKIE, LANGUAGES, Catalogue, choose

HERE = Path(__file__).parent
_CSP_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]+)?")


class Pages:
    """Renders the pages of one service: its own template folders win over web/templates, its texts over web/locales."""

    def __init__(self, *template_folders: Path, locales: Path, secure_cookies: bool = False) -> None:
        loaders = [FileSystemLoader(folder) for folder in (*template_folders, HERE / "templates")]
        self._templates = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["local"] = local
        self.catalogue = Catalogue(HERE / "locales", locales)
        self.secure_cookies = secure_cookies

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        form_action: Iterable[str] = (),
        images: Iterable[str] = (),
        frames: Iterable[str] = (),
        framed: bool = False,
        headers: dict[str, str] | None = None,
        ui_locales: str | None = None,
        here: str | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Render `template` with `values` and `t(key, **values)`, `language`, `nonce`, `here`, `other_language`.

        `form_action` lists the origins that a form of this page may lead to by redirects besides its own: Chromium
        holds the whole chain after a POST to it (CSP3 6.4.1). `images` and `frames` list the origins of those in it; a
        page that is `framed` may be one in anybody's. `here` is where the language switch comes back to, where that is
        not this request again: a callback's code is used once, a form's answer has no address.
        """
        language = choose(request, ui_locales)
        nonce = secrets.token_urlsafe(16)

        def text(key: str, **fills: object) -> str:
            return self.catalogue.text(language, key, fills)

        if here is None:
            query = request.url.query
            # A token that came in the query is not written down again.
            here = request.url.path + (f"?{query}" if query and "token" not in query else "")
        body = self._templates.get_template(template).render(
            t=text, language=language, nonce=nonce, here=quote(here, safe=""),
            other_language="en" if language == "zh-CN" else "zh-CN", Markup=Markup, **values,
        )  # fmt: skip
        response = HTMLResponse(body, status, headers)
        secure(response, nonce, form_action, images, frames, framed=framed)
        response.headers["content-language"] = language
        response.headers["vary"] = "Accept-Language, Cookie"
        return response

    def switch_language(self, request: Request) -> Response:
        """Answer `GET /language/{language}?back=/path`: remember the language and go back to an own path."""
        language = request.path_params["language"]
        response = RedirectResponse(own_path(request.query_params.get("back")), 303)
        if language in LANGUAGES:
            response.set_cookie(
                COOKIE, language, max_age=31_536_000, httponly=True, samesite="lax", secure=self.secure_cookies
            )
        return response


def secure(
    response: Response,
    nonce: str,
    form_action: Iterable[str] = (),
    images: Iterable[str] = (),
    frames: Iterable[str] = (),
    *,
    framed: bool = False,
) -> None:
    """Set the security headers of a page on `response`; the arguments are those of Pages.render."""
    actions = " ".join(["'self'", *sorted(set(form_action))])
    pictures = " ".join(["'self'", "data:", *sorted(set(images))])
    sources = " ".join(sorted(set(frames))) or "'none'"
    ancestors = "*" if framed else "'none'"
    response.headers["content-security-policy"] = (
        f"default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src {pictures}; "
        f"font-src 'self'; connect-src 'self'; frame-src {sources}; form-action {actions}; "
        f"frame-ancestors {ancestors}; base-uri 'none'"
    )
    response.headers["x-content-type-options"] = "nosniff"
    if not framed:
        response.headers["x-frame-options"] = "DENY"
    response.headers["referrer-policy"] = "no-referrer"
    response.headers["cross-origin-opener-policy"] = "same-origin"
    response.headers["cache-control"] = "no-store"


def origin(url: str) -> str:
    """Return scheme, host and port of `url` as a CSP source, or the scheme alone where no source can say more.

    So it is for an application's own scheme, and for hosts that the grammar does not have, [::1] and a_b.example among
    them (CSP3 2.3.1): Chromium passes over a source that names one, and blocks what should be allowed.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and _CSP_HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def own_path(target: str | None, default: str = "/") -> str:
    """Return `target` if it is a path of this service, else `default`: no redirect leaves by a parameter."""
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if any(ord(char) <= 32 or ord(char) > 126 or char == "\\" for char in target):
        return default
    return target
