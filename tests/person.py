"""A scripted person: one browser over HTTP that reads pages by their ids, presses buttons and follows links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self

import httpx

from lab.region import RegionThread
from web.connect import MappedSyncTransport

PASSWORD = "manyou-demo"
MOST_REDIRECTS = 12
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


@dataclass
class Form:
    """A form of a page: where it goes, what it sends, and its buttons by id with what each adds."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str] | None] = field(default_factory=dict)


class Seen(HTMLParser):
    """A page as a person sees it: texts and links by id, attributes by id, forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self.forms: list[Form] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("method", "get").upper(), given.get("action", "")))
        elif self.forms and tag == "input":
            self.forms[-1].fields.append((given.get("name", ""), given.get("value", "")))
        elif self.forms and tag == "button":
            sent = (given["name"], given.get("value", "")) if "name" in given else None
            self.forms[-1].buttons[given.get("id", "")] = sent
        if "id" in given:
            self.attributes[given["id"]] = given
            self.texts.setdefault(given["id"], "")
        if tag not in VOID:
            self._open.append(given.get("id", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for id in filter(None, self._open):
            self.texts[id] += data

    def text(self, id: str) -> str:
        """Return the text of the element with that id, white space as a browser shows it. Raises KeyError."""
        return " ".join(self.texts[id].split())


class Person:
    """A person at one browser; `page` is where they are, `hops` is every answer on the way there since the start."""

    def __init__(self, region: RegionThread, username: str = "li.beijing", *, language: str = "zh-CN") -> None:
        self.region = region
        self.username = username
        self.browser = httpx.Client(
            # Everything here is plain http on loopback; to load certificates takes longer than a roam.
            transport=MappedSyncTransport(region.connect, verify=False),
            headers={"accept-language": language},
            timeout=20,
            trust_env=False,
        )
        self.hops: list[httpx.Response] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.browser.close()

    @property
    def page(self) -> httpx.Response:
        """The last answer."""
        return self.hops[-1]

    @property
    def seen(self) -> Seen:
        """The page, read."""
        return Seen(self.page.text)

    def read(self, id: str) -> str:
        """Return the text of the page's element with that id."""
        return self.seen.text(id)

    def go(self, url: str, *, until: str | None = None, **request: Any) -> httpx.Response:
        """Open `url` and follow redirects, or stop at the one that leads to an address that begins with `until`."""
        answer = self._send(request.pop("method", "GET"), url, **request)
        for _ in range(MOST_REDIRECTS):
            if not answer.is_redirect:
                return answer
            onward = str(answer.url.join(answer.headers["location"]))
            if until is not None and onward.startswith(until):
                return answer
            answer = self._send("GET", onward)
        raise AssertionError(f"A loop of redirects that came to {answer.url}")

    def press(self, button: str, typed: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Press the button with that id, after typing into its form."""
        form = next(form for form in self.seen.forms if button in form.buttons)
        fields = dict(form.fields) | (typed or {})
        sent = form.buttons[button]
        if sent is not None:
            fields[sent[0]] = sent[1]
        return self.go(str(self.page.url.join(form.action)), method=form.method, data=fields, **options)

    def follow(self, link: str, **options: Any) -> httpx.Response:
        """Follow the link with that id."""
        return self.go(str(self.page.url.join(self.seen.attributes[link]["href"])), **options)

    def at(self, portal: str, path: str = "/me", **options: Any) -> httpx.Response:
        """Open a page of a portal, or of the provider for `idp`."""
        return self.go(self.region.address(portal) + path, **options)

    def asked_for_password(self) -> bool:
        """Tell whether the page is the provider's log-in page."""
        return "password" in self.seen.attributes

    def log_in(self, password: str = PASSWORD, **options: Any) -> httpx.Response:
        """Type name and password into the log-in page."""
        return self.press("login-submit", {"username": self.username, "password": password}, **options)

    def visit(self, portal: str, path: str = "/me") -> httpx.Response:
        """Open a page of a portal for signed-in people, and log in if asked to."""
        self.at(portal, path)
        return self.log_in() if self.asked_for_password() else self.page

    def roam(self, portals: Sequence[str]) -> list[str]:
        """Visit the portals one after the other and return the name that each shows at /me."""
        return [Seen(self.visit(portal).text).text("person-name") for portal in portals]

    def log_out(self, portal: str) -> httpx.Response:
        """Log out at a portal, which asks before."""
        self.at(portal, "/logout")
        return self.press("logout-yes")

    def log_out_everywhere(self) -> httpx.Response:
        """Log out in the zone."""
        self.at("idp", "/")
        return self.press("logout-everywhere")

    def is_signed_in(self, portal: str) -> bool:
        """Tell whether the portal's /me shows this person, asking nobody else."""
        answer = self._send("GET", f"{self.region.address(portal)}/me")
        return answer.status_code == 200

    def tokens(self, portal: str) -> tuple[str, str]:
        """Return the ID token and the access token that the portal's /inspect shows."""
        self.at(portal, "/inspect")
        seen = self.seen
        return seen.texts["id-token"], seen.texts["access-token"]

    def _send(self, method: str, url: str, **request: Any) -> httpx.Response:
        answer = self.browser.request(method, url, follow_redirects=False, **request)
        self.hops.append(answer)
        return answer
