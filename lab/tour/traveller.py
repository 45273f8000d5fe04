"""Who travels: a person with a cookie jar, by plain HTTP; and the services that call a portal's API meanwhile."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx
from joserfc.jwk import ECKey

from lab.tour.hop import Hop, hop
from lab.tour.seen_page import NotOnPage, SeenPage
from web.connect import ConnectMap, MappedSyncTransport
from web.dpop import make_proof

MOST_REDIRECTS = 12
SECONDS = 20.0

OnHop = Callable[[Hop], None]


class LostOnTheWay(Exception):
    """A service that did not answer, or redirects without an end; the text is one sentence."""


class Traveller(Protocol):
    """What the tour's person can do; each method returns the page that it led to and reports every hop on the way.

    All raise LostOnTheWay; those that need something on the present page raise NotOnPage.
    """

    sights: tuple[str, ...]
    """Paths that are visited at every portal only to be looked at."""

    def visit(self, url: str) -> SeenPage:
        """Open an address."""
        ...

    def follow(self, link: str) -> SeenPage:
        """Follow the link with this id on the present page."""
        ...

    def submit(self, button: str, fields: Mapping[str, str]) -> SeenPage:
        """Fill in `fields` and press the button with this id on the present page."""
        ...

    def cookies(self, address: str) -> str:
        """Return the Cookie header that goes to the service at `address`."""
        ...

    def close(self) -> None:
        """Travel no further."""
        ...


@dataclass(frozen=True)
class Holder:
    """Who has an access token, rightly or not, and what they can prove: the key that it is bound to, or another."""

    token: str
    key: ECKey

    def headers(self, url: str) -> dict[str, str]:
        """Return what presents the token at `url`, with a new proof (RFC 9449 7.1)."""
        proof = make_proof(self.key, method="GET", url=url, now=time.time(), access_token=self.token)
        return {"authorization": f"DPoP {self.token}", "dpop": proof}


class Caller:
    """Sends single requests and follows nothing: what services do, and what the proof needs."""

    def __init__(
        self,
        connect: ConnectMap,
        names: Mapping[str, str],
        on_hop: OnHop,
        language: str = "",
        trust: ssl.SSLContext | bool = True,
    ) -> None:
        self._names = names
        self._on_hop = on_hop
        self._client = httpx.Client(
            transport=MappedSyncTransport(connect, verify=trust),
            timeout=SECONDS,
            trust_env=False,
            headers={"accept-language": language} if language else None,
        )

    def get(
        self, url: str, *, holder: Holder | None = None, cookie: str = "", meaning: str | None = None,
        silent: bool = False,
    ) -> httpx.Response:  # fmt: skip
        """GET `url` as the holder of a token or with a Cookie header, keep no cookie; `silent` reports no hop."""
        headers = {**(holder.headers(url) if holder else {}), **({"cookie": cookie} if cookie else {})}
        response = self.send("GET", url, headers=headers, meaning=meaning, silent=silent)
        self._client.cookies.clear()
        return response

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        meaning: str | None = None,
        silent: bool = False,
    ) -> httpx.Response:
        """Send one request and report it as a hop. Raises LostOnTheWay when nobody answers."""
        began = time.perf_counter()
        try:
            response = self._client.request(method, url, headers=headers, data=data)
        except httpx.HTTPError as error:
            host = httpx.URL(url).netloc.decode("ascii")
            raise LostOnTheWay(f"{host} does not answer ({type(error).__name__}).") from error
        took = (time.perf_counter() - began) * 1000
        if not silent:
            location = response.headers.get("location")
            self._on_hop(hop(self._names, method, url, response.status_code, took, location, meaning))
        return response

    def cookies(self, address: str) -> str:
        """Return the Cookie header that would go to `address`."""
        request = self._client.build_request("GET", address)
        return str(request.headers.get("cookie", ""))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class HttpTraveller:
    """A Traveller by plain HTTP: follows redirects one by one, sends forms with the fields that they have."""

    sights: tuple[str, ...] = ()

    def __init__(
        self,
        connect: ConnectMap,
        names: Mapping[str, str],
        on_hop: OnHop,
        language: str,
        trust: ssl.SSLContext | bool = True,
    ) -> None:
        self._caller = Caller(connect, names, on_hop, language, trust)
        self._page: SeenPage | None = None

    def visit(self, url: str) -> SeenPage:
        """Open an address."""
        return self._go("GET", url, None)

    def follow(self, link: str) -> SeenPage:
        """Follow a link of the present page."""
        return self.visit(self._present().link(link))

    def submit(self, button: str, fields: Mapping[str, str]) -> SeenPage:
        """Send the form of the present page that the button belongs to."""
        form = self._present().form(button)
        missing = set(fields) - set(form.fields)
        if missing:
            raise NotOnPage(f"The form of {button} has no field {', '.join(sorted(missing))}.")
        return self._go(form.method, form.action, {**form.fields, **fields})

    def cookies(self, address: str) -> str:
        """Return the Cookie header that goes to the service at `address`."""
        return self._caller.cookies(address)

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def _present(self) -> SeenPage:
        if self._page is None:
            raise NotOnPage("No page has been opened yet.")
        return self._page

    def _go(self, method: str, url: str, data: Mapping[str, str] | None) -> SeenPage:
        began = time.perf_counter()
        for _ in range(MOST_REDIRECTS + 1):
            response = self._caller.send(method, url, data=data)
            if not response.has_redirect_location:
                took = (time.perf_counter() - began) * 1000
                self._page = SeenPage(str(response.url), response.status_code, response.text, took)
                return self._page
            # RFC 9110 15.4.4: after a form's 303 the next request is a GET.
            method, url, data = "GET", str(response.url.join(response.headers["location"])), None
        raise LostOnTheWay(f"More than {MOST_REDIRECTS} redirects, the last to {httpx.URL(url).path}.")
