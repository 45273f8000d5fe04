"""A client's keys by jwks_uri: kept, fetched again for a new kid, never at the provider's expense (Core 10.1.1)."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from joserfc.jwk import ECKey

import idp.clients
from idp.clients import ClientKeys, KeysUnavailable
from idp.model import Client
from tests.idp.provider import JWKS_PATH, Provider
from tests.idp.token.conftest import authenticated
from tests.listener import Reply
from tests.portal_client import PortalClient
from tests.replaced import replace
from web.connect import DEFAULT_MAP, ConnectMap
from web.fetch import Fetcher, Guard

FORM = {"grant_type": "authorization_code", "code": "made-up"}


def _fetches(provider: Provider) -> int:
    return len(provider.listener.received(JWKS_PATH))


def _publish(provider: Provider, *keys: Any) -> None:
    body = json.dumps({"keys": [key if isinstance(key, dict) else key.as_dict(private=False) for key in keys]})
    provider.listener.replies[JWKS_PATH] = Reply(body=body.encode())


async def test_a_client_that_has_registered_no_keys_has_none(alone: ClientKeys, by_uri_alone: Client) -> None:
    with pytest.raises(KeysUnavailable):
        await alone.of(replace(by_uri_alone, jwks_uri=None), None)


def test_keys_are_fetched_once_and_kept(shared_other: Provider, by_uri: PortalClient) -> None:
    before = _fetches(shared_other)
    assert all(authenticated(by_uri) for _ in range(3))
    shared_other.clock.advance(299)
    assert authenticated(by_uri)
    assert _fetches(shared_other) == before + 1
    shared_other.clock.advance(1)
    assert authenticated(by_uri)
    assert _fetches(shared_other) == before + 2


def test_a_new_kid_is_fetched_when_it_is_first_seen_core_10_1_1(shared_other: Provider, by_uri: PortalClient) -> None:
    assert authenticated(by_uri)
    rotated = ECKey.generate_key("P-256", {"kid": "by-uri-2", "use": "sig", "alg": "ES256"})
    _publish(shared_other, by_uri.registration.key, rotated)
    shared_other.clock.advance(11)
    assert authenticated(by_uri, by_uri.assertion(key=rotated, header={"kid": "by-uri-2"}))
    assert authenticated(by_uri)


def test_an_unknown_kid_is_fetched_once_in_ten_seconds(shared_other: Provider, by_uri: PortalClient) -> None:
    assert authenticated(by_uri)
    before = _fetches(shared_other)
    shared_other.clock.advance(10)
    for made_up in range(5):
        assert not authenticated(by_uri, by_uri.assertion(header={"kid": f"made-up-{made_up}"}))
    assert _fetches(shared_other) == before + 1
    assert authenticated(by_uri)
    shared_other.clock.advance(10)
    assert not authenticated(by_uri, by_uri.assertion(header={"kid": "made-up"}))
    assert _fetches(shared_other) == before + 2


def test_twenty_unknown_kids_at_once_are_one_fetch(shared_other: Provider, by_uri: PortalClient) -> None:
    before = _fetches(shared_other)
    forms = [{**FORM, "client_assertion": by_uri.assertion(header={"kid": f"x-{number}"})} for number in range(20)]
    assert {response.status_code for response in by_uri.at_once("/token", forms)} == {401}
    assert _fetches(shared_other) == before + 1


def test_a_jwks_uri_that_fails_is_not_asked_again_at_once(shared_other: Provider, by_uri: PortalClient) -> None:
    shared_other.listener.replies[JWKS_PATH] = Reply(503)
    before = _fetches(shared_other)
    forms = [{**FORM, "client_assertion": by_uri.assertion()} for _ in range(10)]
    assert {response.status_code for response in by_uri.at_once("/token", forms)} == {401}
    assert _fetches(shared_other) == before + 1
    _publish(shared_other, by_uri.registration.key)
    shared_other.clock.advance(idp.clients.JWKS_RETRY_SECONDS)
    assert authenticated(by_uri)


def test_an_expired_assertion_of_a_made_up_client_fetches_nothing(shared_other: Provider, by_uri: PortalClient) -> None:
    before = _fetches(shared_other)
    assert not authenticated(by_uri, by_uri.assertion(sub="nobody", iss="nobody"))
    assert _fetches(shared_other) == before


@pytest.mark.parametrize(
    "reply",
    [
        Reply(302, headers=(("location", "/jwks/elsewhere"),)),
        Reply(301, headers=(("location", "http://idp.localhost/jwks"),)),
        Reply(404),
        Reply(500, b"{}"),
        Reply(204),
        Reply(200, b""),
        Reply(200, b"<html>", "text/html"),
        Reply(200, b'{"keys": []}', "text/plain"),
        Reply(200, b"\xff\xfe\x00"),
        Reply(200, b"[]"),
        Reply(200, b"null"),
        Reply(200, b'"keys"'),
        Reply(200, b"{}"),
        Reply(200, b'{"keys": {}}'),
        Reply(200, b'{"keys": [1, null, "x"]}'),
        Reply(200, b'{"keys": []}'),
        Reply(200, b"[" * 60_000),
        Reply(200, b'{"keys": [' + b" " * 70_000 + b"]}"),
        Reply(200, b'{"keys": []}', headers=(("content-encoding", "gzip"),)),
    ],
    ids=lambda reply: f"{reply.status} {reply.body[:24]!r} {len(reply.body)}",
)
def test_a_jwks_uri_that_answers_badly_is_no_fault_of_ours(
    shared_other: Provider, by_uri: PortalClient, reply: Reply
) -> None:
    shared_other.listener.replies["/jwks/elsewhere"] = shared_other.listener.replies[JWKS_PATH]
    shared_other.listener.replies[JWKS_PATH] = reply
    assert not authenticated(by_uri)
    assert shared_other.listener.received("/jwks/elsewhere") == []


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": 5, "y": None},
        {"kty": "EC", "crv": "P-256", "x": "!!", "y": "??"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA"},
        {"kty": ["EC"], "crv": "P-256"},
        {"kty": "EC", "crv": ["P-256"]},
        {"kty": "SM2", "crv": "SM2"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {},
    ],
    ids=repr,
)
@pytest.mark.parametrize("kid", ["by-uri-1", "another", None, 7])
def test_an_odd_key_among_good_ones_harms_nobody(
    shared_other: Provider, by_uri: PortalClient, odd: dict[str, Any], kid: Any
) -> None:
    _publish(shared_other, by_uri.registration.key, {**odd, "kid": kid} if kid is not None else odd)
    assert authenticated(by_uri)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set at the end of the test: until then a slow answer goes on."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("before_the_first_byte", [True, False])
def test_a_slow_jwks_uri_is_given_up_in_time(
    shared_other: Provider,
    by_uri: PortalClient,
    released: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    before_the_first_byte: bool,
) -> None:
    monkeypatch.setattr(idp.clients, "FETCH_SECONDS", 0.3)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if not before_the_first_byte:
            handler.send_response(200)
            handler.send_header("content-length", "60000")
            handler.end_headers()
        try:
            while not released.wait(0.05):
                if not before_the_first_byte:
                    handler.wfile.write(b" ")
        except OSError:
            return

    shared_other.listener.replies[JWKS_PATH] = Reply(write=drip)
    assert not authenticated(by_uri)
    assert not released.is_set()


@pytest.fixture
async def alone(shared_other: Provider) -> AsyncIterator[ClientKeys]:
    """Keys as a provider keeps them that allows nothing of its own network."""
    fetcher = Fetcher(ConnectMap.parse(DEFAULT_MAP), Guard(), trust=False)
    yield ClientKeys(fetcher, shared_other.clock)
    await fetcher.close()


@pytest.fixture
def by_uri_alone(shared_other: Provider, by_uri: PortalClient) -> Client:
    client: Client = shared_other.run(shared_other.parts.clients.find(by_uri.client_id))
    return client


async def test_a_client_that_registered_itself_leads_nothing_into_our_own_network(
    shared_other: Provider, alone: ClientKeys, by_uri_alone: Client
) -> None:
    before = _fetches(shared_other)
    with pytest.raises(KeysUnavailable, match="may not be asked"):
        await alone.of(replace(by_uri_alone, client_id="stranger", registered=True), None)
    assert _fetches(shared_other) == before
    assert (await alone.of(by_uri_alone, None))["keys"]
    assert _fetches(shared_other) == before + 1


async def test_another_jwks_uri_is_asked_at_once(
    shared_other: Provider, alone: ClientKeys, by_uri_alone: Client
) -> None:
    assert (await alone.of(by_uri_alone, None))["keys"]
    shared_other.listener.replies["/moved"] = Reply(body=b'{"keys": []}', content_type="application/jwk-set+json")
    moved = replace(by_uri_alone, jwks_uri=str(by_uri_alone.jwks_uri).replace(JWKS_PATH, "/moved"))
    assert await alone.of(moved, None) == {"keys": []}


async def test_no_more_is_remembered_than_of_so_many_clients(
    shared_other: Provider, alone: ClientKeys, by_uri_alone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idp.clients, "JWKS_CLIENTS", 2)
    before = _fetches(shared_other)
    for name, fetches in (("a", 1), ("b", 2), ("a", 2), ("c", 3), ("a", 3), ("b", 4)):
        await alone.of(replace(by_uri_alone, client_id=name), None)
        assert _fetches(shared_other) == before + fetches
