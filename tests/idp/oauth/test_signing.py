"""What the provider signs, read by other libraries (RFC 7515 3.1, RFC 7518 3.3 and 3.4)."""

from __future__ import annotations

import json
from typing import Any

import jwt as pyjwt
import pytest
from joserfc import jwt

from idp.keys import ALGORITHMS, KeyRing, Vault
from idp.oauth.signing import sign
from idp.stores.sqlite import open_stores
from web.base64url import decode
from web.clock import system_clock

CLAIMS: dict[str, Any] = {"iss": "https://a.example", "aud": ["b", "c"], "name": "李*", "lone": "\ud800", "exp": 2**33}


@pytest.fixture
async def keys(tmp_path: Any) -> KeyRing:
    ring = KeyRing(open_stores(tmp_path / "idp.db").keys, Vault("x" * 32), system_clock)
    await ring.prepare()
    return ring


@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_others_read_what_is_signed_here(keys: KeyRing, alg: str) -> None:
    # Often enough that numbers with zeros in front are among the signatures.
    for _ in range(600 if alg == "ES256" else 5):
        token = sign(keys, alg, "at+jwt", CLAIMS)
        key = keys.verifying(json.loads(decode(token.split(".")[0]))["kid"])
        assert key is not None
        read = jwt.decode(token, key, algorithms=[alg])
        assert read.claims == CLAIMS
        assert read.header == {"alg": alg, "typ": "at+jwt", "kid": key.kid}
        told = pyjwt.decode(token, pyjwt.PyJWK(key.as_dict(private=False)), algorithms=[alg], audience="b")
        assert told == CLAIMS


async def test_a_signature_is_64_bytes_whatever_its_numbers_rfc7518_3_4(keys: KeyRing) -> None:
    assert {len(decode(sign(keys, "ES256", "JWT", {}).split(".")[2])) for _ in range(600)} == {64}
