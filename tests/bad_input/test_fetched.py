"""URIs that strangers register and the provider has to ask: nothing of our own network, nothing slow, wrong or large.

Each is refused with the error of its own specification, within a time limit, while everybody else is served.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from idp.clients import FETCH_SECONDS
from idp.endpoints.browser import SESSION_COOKIE
from idp.people.sessions import session_id_of
from tests.bad_input.conftest import ALLOWED
from tests.idp.provider import Provider
from tests.listener import Reply
from tests.portal_client import PortalClient, Registration, client_key
from web.fetch import MOST_OF_ONE_HOST

KEY = client_key("ES256", "stranger")
SITE = "https://stranger.example/callback"
ADDRESSES = (
    "https://127.0.0.1",
    "https://10.0.0.1",
    "https://169.254.169.254",
    "https://192.168.1.1",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[fd00::1]",
    "http://localhost:{port}",
    "http://inside.localhost:{port}",
    "http://allowed.localhost.localhost:{port}",
)
SLOWEST = 12.0
"""Seconds: three or five for the one who asks, and what a busy machine adds."""


class Strangers:
    """Clients that register themselves at the attacked provider, each with one URI that it has to ask."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.http = provider.client("alpha").http

    def post(self, **metadata: Any) -> httpx.Response:
        return self.http.post(f"{self.provider.issuer}/register", json={"redirect_uris": [SITE], **metadata})

    def registered(self, **metadata: Any) -> PortalClient:
        response = self.post(**metadata)
        assert response.status_code == 201, response.text
        told = response.json()
        table = {"token_endpoint_auth_signing_alg": "ES256", **told}
        registration = Registration(told["client_id"], KEY, table, "https://stranger.example")
        return PortalClient(registration, self.provider.issuer, self.provider.http(), self.provider.clock)

    def jwks_uri(self, uri: str) -> str:
        """Prove who one is with a key that is at `uri`."""
        client = self.registered(jwks_uri=uri, token_endpoint_auth_method="private_key_jwt")
        response = client.call("/token", {"grant_type": "authorization_code", "code": "made-up"})
        return f"{response.status_code} {response.json()['error']}"

    def request_uri(self, uri: str) -> str:
        """Send an authorization request that is at `uri`."""
        jwks = {"keys": [KEY.as_dict(private=False)]}
        client = self.registered(request_uris=[uri], jwks=jwks)
        response = client.authorize(self.provider.visitor(), client.ask(request_uri=uri))
        query = parse_qs(urlsplit(response.headers["location"]).query)
        return f"{response.status_code} {query['error'][0]}"

    def sector_identifier_uri(self, uri: str) -> str:
        """Register in the sector of `uri`."""
        response = self.post(sector_identifier_uri=uri)
        assert "sector_identifier_uri" in response.json()["error_description"]
        return f"{response.status_code} {response.json()['error']}"

    def backchannel_logout_uri(self, uri: str) -> str:
        """Sign in at a client that wants logout tokens at `uri`, log out, and return what is noted of the delivery."""
        client = self.registered(backchannel_logout_uri=uri)
        visitor = self.provider.visitor()
        client.sign_in(visitor)
        session_id = session_id_of(visitor.http.cookies[SESSION_COOKIE])
        started = time.monotonic()
        page = visitor.submit(visitor.get("/end_session"), "logout-yes")
        assert page.status_code == 200
        assert time.monotonic() - started < 3, "the person waits for the client"
        until = time.monotonic() + SLOWEST
        while time.monotonic() < until:
            (row,) = self.provider.run(self.provider.parts.stores.deliveries.of_session(session_id))
            if row.outcome is not None:
                return f"{row.state} {row.outcome}"
            time.sleep(0.02)
        raise AssertionError("nothing is noted of the delivery")


@pytest.fixture(scope="module")
def strangers(attacked: Provider) -> Iterator[Strangers]:
    attacked.clock.advance(4000)
    yield Strangers(attacked)
    attacked.say_goodbye()


REFUSED = {
    "jwks_uri": "401 invalid_client",
    "request_uri": "303 invalid_request_uri",
    "sector_identifier_uri": "400 invalid_client_metadata",
}
"""What is answered to whoever asked, whatever the URI did (RFC 6749 5.2, Core 3.1.2.6, OpenID Registration 3.3)."""


@pytest.mark.parametrize("kind", REFUSED)
def test_addresses_of_our_own_network_are_not_asked(strangers: Strangers, kind: str) -> None:
    listener = strangers.provider.listener
    for address in ADDRESSES:
        uri = f"{address.format(port=listener.port)}/inside-{kind}"
        assert getattr(strangers, kind)(uri) == REFUSED[kind], uri
    assert listener.received(f"/inside-{kind}") == []


def test_logout_tokens_go_to_no_address_of_our_own_network(strangers: Strangers) -> None:
    uri = f"http://inside.localhost:{strangers.provider.listener.port}/inside-logout"
    assert strangers.backchannel_logout_uri(uri) == "pending fetch.address"
    assert strangers.provider.listener.received("/inside-logout") == []


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.end_headers()
    _until_left(lambda: handler.wfile.write(b" " * 65_536), 0)


def _dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.end_headers()
    _until_left(lambda: handler.wfile.write(b" "), 0.05)


def _dripping_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    _until_left(lambda: handler.wfile.write(b"x-more: and more\r\n"), 0.05)


def _silent(handler: BaseHTTPRequestHandler) -> None:
    _until_left(lambda: handler.rfile.read(1), 0)


def _until_left(act: Callable[[], Any], pause: float) -> None:
    """Go on until the other side has had enough, as it must."""
    until = time.monotonic() + SLOWEST
    try:
        while time.monotonic() < until and act() != b"":
            time.sleep(pause)
    except OSError:
        pass


GOOD = b'["https://stranger.example/callback"]'
WRONG = {
    "a redirect": Reply(302, GOOD, headers=(("location", "/elsewhere"),)),
    "a permanent redirect": Reply(308, GOOD, headers=(("location", "http://idp.localhost/jwks"),)),
    "not found": Reply(404, GOOD),
    "no content": Reply(204),
    "a page": Reply(200, b"<html></html>", "text/html"),
    "a text": Reply(200, GOOD, "text/plain"),
    "nothing": Reply(200, b""),
    "no JSON": Reply(200, b"\xff\xfe\x00"),
    "deep JSON": Reply(200, b"[" * 60_000),
    "a number": Reply(200, b"7"),
    "10 MB": Reply(200, GOOD + b" " * 10_000_000),
    "gzip": Reply(200, GOOD, headers=(("content-encoding", "gzip"),)),
    "without end": Reply(write=_endless),
}
SLOW = {
    "a drip": Reply(write=_dripping),
    "a drip of headers": Reply(write=_dripping_headers),
    "silence": Reply(write=_silent),
}


def _at(strangers: Strangers, kind: str, name: str, reply: Reply) -> str:
    path = f"/{kind}/{name.replace(' ', '-')}"
    strangers.provider.listener.replies[path] = reply
    return f"http://{ALLOWED}:{strangers.provider.listener.port}{path}"


@pytest.mark.parametrize("kind", REFUSED)
def test_what_answers_wrongly_is_refused_at_once(strangers: Strangers, kind: str) -> None:
    for name, reply in WRONG.items():
        uri = _at(strangers, kind, name, reply)
        assert getattr(strangers, kind)(uri) == REFUSED[kind], name
        assert len(strangers.provider.listener.received(urlsplit(uri).path)) == 1, name
    assert strangers.provider.listener.received("/elsewhere") == [], "no redirect is followed"


@pytest.mark.parametrize(("name", "outcome"), [("a redirect", "http_302"), ("not found", "http_404"), ("10 MB", "")])
def test_a_logout_uri_that_answers_wrongly_keeps_nobody_waiting(strangers: Strangers, name: str, outcome: str) -> None:
    uri = _at(strangers, "logout", name, WRONG[name])
    # What a client answers to a logout token is not read: its status counts (Back-Channel Logout 2.8).
    assert strangers.backchannel_logout_uri(uri) == (f"pending {outcome}" if outcome else "delivered http_200")


def test_what_never_answers_is_left_in_time_and_blocks_nobody(strangers: Strangers) -> None:
    asked = [(kind, _at(strangers, kind, name, reply)) for kind in REFUSED for name, reply in SLOW.items()]
    with ThreadPoolExecutor(len(asked)) as pool:
        started = time.monotonic()
        waiting = {pool.submit(getattr(strangers, kind), uri): kind for kind, uri in asked}
        paths = [urlsplit(uri).path for _, uri in asked]
        while sum(bool(strangers.provider.listener.received(path)) for path in paths) < MOST_OF_ONE_HOST:
            time.sleep(0.01)
        client = strangers.provider.client("alpha")
        for _ in range(5):
            begun = time.monotonic()
            response = client.call("/token", {"grant_type": "authorization_code", "code": "made-up"})
            assert response.json()["error"] == "invalid_grant"
            assert time.monotonic() - begun < FETCH_SECONDS / 2, "somebody else had to wait for them"
        for one, kind in waiting.items():
            assert one.result() == REFUSED[kind]
        assert time.monotonic() - started < SLOWEST
