"""A person's browser without a screen: cookies of its own, forms filled in by the ids of their buttons."""

from __future__ import annotations

import html.parser
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx

PASSWORD = "manyou-demo"
STEPS = 12


@dataclass
class Form:
    """One form of a page: where it goes, its hidden and filled-in fields, and its buttons by id as (name, value)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    controls: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Forms(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", ""), values.get("method", "get").lower()))
            self._inside = True
        elif self._inside and tag in ("input", "button"):
            form = self.found[-1]
            if values.get("id"):
                form.controls[values["id"]] = (values.get("name", ""), values.get("value", ""))
            if tag == "input" and values.get("name"):
                form.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def forms(page: httpx.Response) -> list[Form]:
    """Return the forms of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.found


def form_with(page: httpx.Response, control: str) -> Form:
    """Return the form that holds the control of that id."""
    found = [form for form in forms(page) if control in form.controls]
    assert found, f"no form with #{control} on {page.url} ({page.status_code}): {page.text[:600]}"
    return found[0]


class Visitor:
    """A person at a browser; follows a redirect only when asked to, and never away from the provider."""

    def __init__(self, http: httpx.Client, issuer: str) -> None:
        self.http = http
        self.issuer = issuer

    def get(self, url: str) -> httpx.Response:
        """Open an address, the provider's own ones also as paths."""
        return self.http.get(urljoin(self.issuer + "/", url))

    def submit(self, page: httpx.Response, control: str, **fields: str) -> httpx.Response:
        """Press the button `control` of a page, its form's fields changed by `fields`."""
        form = form_with(page, control)
        name, value = form.controls[control]
        pressed = {name: value} if name else {}
        return self.http.post(urljoin(str(page.url), form.action), data={**form.fields, **pressed, **fields})

    def log_in(self, page: httpx.Response, username: str, password: str = PASSWORD) -> httpx.Response:
        """Fill in the log-in page."""
        return self.submit(page, "login-submit", username=username, password=password)

    def follow(self, response: httpx.Response) -> httpx.Response:
        """Follow redirects as long as they stay at the provider; return the page, or the redirect that leaves it."""
        for _ in range(STEPS):
            if response.status_code not in (302, 303):
                return response
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.issuer + "/"):
                return response
            response = self.http.get(target)
        raise AssertionError(f"more than {STEPS} redirects, the last to {response.headers['location']}")
