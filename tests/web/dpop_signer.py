"""Whoever sends DPoP proofs, honest or not: signs what it is told to, with joserfc's algorithms."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from web.base64url import encode
from web.dpop import REASONS, BadProof, Proof, read_proof

METHOD, URL = "POST", "https://idp.example/oauth/token"
NOW = 1_800_000_000.5
GONE = object()
"""The value of a member that is left out."""

EC_KEY = ECKey.derive_key("the key of a portal", "P-256")
OTHER_KEY = ECKey.derive_key("the key of somebody else", "P-256")


@cache
def key_of(alg: str) -> Key:
    """A private key that signs `alg`; made once, since one of RSA takes a while."""
    if alg == "PS256":
        return RSAKey.generate_key(2048)
    return OKPKey.derive_key("the key of a portal", "Ed25519") if alg in ("EdDSA", "Ed25519") else EC_KEY


def public(key: Key) -> dict[str, Any]:
    """The public members of `key`."""
    return dict(key.as_dict(private=False)) if not isinstance(key, OctKey) else dict(key.as_dict())


def header_of(alg: str = "ES256", /, **changes: Any) -> dict[str, Any]:
    """A good header, with changes."""
    return _changed({"typ": "dpop+jwt", "alg": alg, "jwk": public(key_of(alg))}, changes)


def claims_of(**changes: Any) -> dict[str, Any]:
    """Good claims, with changes."""
    return _changed({"jti": "a-jti", "htm": METHOD, "htu": URL, "iat": int(NOW)}, changes)


def signed(header: Any, claims: Any, *, alg: str = "ES256", key: Key | None = None) -> str:
    """A proof of `header` and `claims`, each JSON text or what becomes it, signed with `key` in the way of `alg`."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    text = ".".join(encode(part.encode("utf-8", "surrogatepass")) for part in parts)
    # joserfc warns at EdDSA, which RFC 9864 calls Ed25519 now; the signature is the same.
    name = "Ed25519" if alg == "EdDSA" else alg
    return f"{text}.{encode(JWSRegistry.algorithms[name].sign(text.encode('ascii'), key or key_of(alg)))}"


def _changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


def read(proof: str, **changes: Any) -> Proof:
    """What a good proof says, at a request that may be changed."""
    return read_proof([proof], **{"method": METHOD, "url": URL, "now": NOW, **changes})


def code(*headers: str, **changes: Any) -> str:
    """The code of the check that refuses the request with these DPoP headers."""
    with pytest.raises(BadProof) as refused:
        read_proof(headers, **{"method": METHOD, "url": URL, "now": NOW, **changes})
    assert str(refused.value) == REASONS[refused.value.code]
    return refused.value.code


def header_code(**changes: Any) -> str:
    """The code that refuses a proof whose header has these changes."""
    return code(signed(header_of(**changes), claims_of()))
