"""What is too large, or takes too long to check, is refused at once; a token that is spelled anew is still the same."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.bad_input.forged import mirrored, segment
from tests.bad_input.places import Place, Places
from tests.bad_input.test_jose import NAMES
from tests.idp.provider import Provider
from tests.listener import Reply
from tests.portal_client import refusal
from web.base64url import encode

QUICK = 2.0
"""Seconds: each takes milliseconds, and a busy machine adds to them."""
MODULUS = ((1 << 16_384) - 1).to_bytes(2048, "big")
HUGE = {"kty": "RSA", "kid": "huge", "n": encode(MODULUS), "e": encode(MODULUS[:-1] + b"\xfd")}


@pytest.fixture(scope="module")
def places(attacked: Provider) -> dict[str, Place]:
    return Places(attacked).all()


@pytest.mark.parametrize("size", [20_000, 1_000_000], ids=["20 KB", "1 MB"])
@pytest.mark.parametrize("name", NAMES)
def test_a_long_token_is_refused_at_once(places: dict[str, Place], attacked: Provider, name: str, size: int) -> None:
    place = places[name]
    head, body, signature = place.good().token().split(".")
    if name.startswith("id_token_hint"):
        size = min(size, 60_000)  # httpx sends no longer address
    started = time.monotonic()
    try:
        answer = place.send(f"{head}.{body}{'A' * size}.{signature}")
    except httpx.TransportError:
        # HTTP's own limits are met first, for what comes in a header or an address: the connection ends.
        assert name.startswith(("DPoP", "id_token_hint"))
    else:
        assert answer in (place.refused, "413 invalid_request", "400", "413", "414", "431"), answer
    assert time.monotonic() - started < QUICK
    assert attacked.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", ["client_assertion of alpha", "DPoP proof by ES256"])
def test_the_twin_of_an_ecdsa_signature_is_the_same_token(places: dict[str, Place], name: str) -> None:
    token, twin = mirrored(places[name].good())
    assert token != twin
    assert places[name].send(token) == places[name].taken
    assert places[name].send(twin) == places[name].refused


def test_the_twin_of_a_revoked_access_token_is_revoked(attacked: Provider) -> None:
    places = Places(attacked)
    place = places.all()["access token at /introspect"]
    token, twin = mirrored(place.good())
    assert place.send(twin) == place.taken
    assert attacked.client("alpha").revoke(token).status_code == 200
    assert (place.send(token), place.send(twin)) == (place.refused, place.refused)


def test_a_huge_key_in_a_proof_is_refused_at_once(places: dict[str, Place]) -> None:
    place = places["DPoP proof by PS256"]
    good = place.good()
    jwk = {name: value for name, value in HUGE.items() if name != "kid"}
    head, body, _ = good.with_header(jwk={**jwk, "e": "AQAB"}).token().split(".")
    started = time.monotonic()
    assert place.send(f"{head}.{body}.{encode(b's' * 2048)}") == place.refused
    assert time.monotonic() - started < QUICK


def test_a_huge_key_cannot_be_registered(attacked: Provider) -> None:
    metadata: dict[str, Any] = {"redirect_uris": ["https://huge.example/callback"], "jwks": {"keys": [HUGE]}}
    response = attacked.client("alpha").http.post(f"{attacked.issuer}/register", json=metadata)
    assert refusal(response) == "invalid_client_metadata"


def test_a_huge_key_that_a_client_publishes_is_passed_over(attacked: Provider) -> None:
    client = attacked.client("publishes")
    path = "/huge-keys"
    attacked.listener.replies[path] = Reply(body=json.dumps({"keys": [HUGE]}).encode())
    token = ".".join((segment({"alg": "RS256", "kid": "huge"}), client.assertion().split(".")[1], encode(b"s" * 2048)))
    started = time.monotonic()
    form = {"grant_type": "authorization_code", "code": "made-up", "client_assertion": token}
    assert refusal(client.call("/token", form), 401) == "invalid_client"
    assert attacked.listener.received(path), "its keys were not asked for"
    assert time.monotonic() - started < QUICK
