"""A Traveller in Chromium: real clicks, a picture of each page; imported only where Playwright is installed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Request, Response, sync_playwright

from lab import chromium
from lab.tour.hop import PROVIDER, hop
from lab.tour.seen_page import NotOnPage, SeenPage
from lab.tour.traveller import LostOnTheWay, OnHop

BROKEN_ADDRESS = "chrome-error://"


class CannotOpen(Exception):
    """Chromium cannot be started; the text is one sentence."""


class Chromium:
    """Chromium with a profile that knows nobody; a context manager. Raises CannotOpen."""

    def __init__(self, language: str, *, phone: bool, shots: Path | None) -> None:
        self._shots = shots
        self._playwright = sync_playwright().start()
        try:
            self._browser = chromium.launch(self._playwright)
        except Error as error:
            self._playwright.stop()
            raise CannotOpen(
                "--browser needs Chromium: install it (Debian: apt-get install chromium; else playwright install "
                "chromium), or name one in CHROMIUM."
            ) from error
        self._context = chromium.new_context(self._browser, language, phone=phone)
        self._violations = chromium.watch_policy(self._context)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the browser."""
        self._browser.close()
        self._playwright.stop()

    def traveller(self, names: Mapping[str, str], on_hop: OnHop) -> ChromiumTraveller:
        """Return a traveller on a new page."""
        return ChromiumTraveller(self._context.new_page(), self._violations, names, on_hop, self._shots)


class ChromiumTraveller:
    """A Traveller with one page of Chromium; pictures are numbered in the order in which pages were seen."""

    sights: tuple[str, ...] = ("/",)

    def __init__(
        self, page: Page, violations: list[str], names: Mapping[str, str], on_hop: OnHop, shots: Path | None
    ) -> None:
        self._page = page
        self._violations = violations
        self._names = names
        self._on_hop = on_hop
        self._shots = shots
        self._pictures = 0
        self._status = 0
        page.on("response", self._answered)
        if shots is not None:
            shots.mkdir(parents=True, exist_ok=True)

    def visit(self, url: str) -> SeenPage:
        """Open an address, as typed into the browser."""
        self._keep_picture()
        began = time.perf_counter()
        try:
            self._page.goto(url)
        except Error as error:
            raise LostOnTheWay(f"{urlsplit(url).netloc} cannot be opened in Chromium.") from error
        return self._seen(began)

    def follow(self, link: str) -> SeenPage:
        """Click the link with this id."""
        self._keep_picture()
        return self._click(link)

    def submit(self, button: str, fields: Mapping[str, str]) -> SeenPage:
        """Type into the fields, whose ids are their names, and click the button."""
        self._keep_picture()
        for name, value in fields.items():
            self._there(name)
            self._page.fill(f"#{name}", value)
        return self._click(button)

    def cookies(self, address: str) -> str:
        """Return the Cookie header that goes to the service at `address`."""
        kept = self._page.context.cookies(address)
        return "; ".join(
            f"{cookie['name']}={cookie['value']}" for cookie in kept if "name" in cookie and "value" in cookie
        )

    def _there(self, identifier: str) -> None:
        if self._page.locator(f"#{identifier}").count() != 1:
            raise NotOnPage(f"{urlsplit(self._page.url).path} has nothing with the id {identifier} to use.")

    def _click(self, identifier: str) -> SeenPage:
        self._there(identifier)
        began = time.perf_counter()
        try:
            with self._page.expect_navigation():
                self._page.click(f"#{identifier}")
        except Error as error:
            raise LostOnTheWay(f"A click on {identifier} leads nowhere in Chromium.") from error
        return self._seen(began)

    def _answered(self, response: Response) -> None:
        request = response.request
        if not request.is_navigation_request():
            return
        self._status = response.status
        location = response.headers.get("location")
        self._on_hop(hop(self._names, request.method, request.url, response.status, _took(request), location))

    def _seen(self, began: float) -> SeenPage:
        took = (time.perf_counter() - began) * 1000
        if self._page.url.startswith(BROKEN_ADDRESS):
            raise LostOnTheWay("Chromium shows its own error page: a service does not answer.")
        if self._violations:
            raise LostOnTheWay(f"Chromium refused a part of the page: {self._violations[0][:200]}")
        return SeenPage(self._page.url, self._status, self._page.content(), took)

    def close(self) -> None:
        """Keep the last picture and leave."""
        self._keep_picture()
        self._page.close()

    def _keep_picture(self) -> None:
        """Keep a picture of the present page: as the person leaves it, so that it costs no time on the way."""
        if self._shots is None or not self._page.url.startswith("http"):
            return
        self._pictures += 1
        parts = urlsplit(self._page.url)
        service = self._names.get(parts.netloc, "elsewhere")
        start = "zone" if service == PROVIDER else "home"
        page = parts.path.strip("/").replace("/", "-") or start
        self._page.screenshot(path=self._shots / f"{self._pictures:02}-{service}-{page}.png", full_page=True)


def _took(request: Request) -> float:
    """Return the milliseconds until the answer began; 0 where Chromium did not say."""
    return max(0.0, request.timing["responseStart"])
