"""Making and checking the provider's own JWTs; one place says how (RFC 7515, RFC 8725).

Checked by joserfc; made here, since joserfc takes for the two lines around a signature as long as the signature takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from idp.keys import KeyRing, SigningKey
from web import json_text
from web.base64url import decode, encode
from web.strict_json import read_object

LEEWAY = 30
"""Seconds by which clocks may differ; one number everywhere."""
LONGEST_TOKEN = 8192

_P256_BYTES = 32
_SHA256, _ECDSA, _PKCS1 = SHA256(), ECDSA(SHA256()), PKCS1v15()


def sign(keys: KeyRing, alg: str, typ: str, claims: Mapping[str, Any]) -> str:
    """Return the compact JWT of `claims`, with `typ` and `kid` in its header."""
    key = keys.signing(alg)
    signed = f"{_head(alg, typ, str(key.kid))}.{encode(json_text.encode(claims))}"
    return f"{signed}.{encode(_signature(key, signed.encode('ascii')))}"


@lru_cache(maxsize=100)
def _head(alg: str, typ: str, kid: str) -> str:
    return encode(json_text.encode({"alg": alg, "typ": typ, "kid": kid}))


def _signature(key: SigningKey, signed: bytes) -> bytes:
    """RFC 7518 3.3 and 3.4: RS256, or ES256 with both numbers at full length."""
    if isinstance(key, ECKey):
        private = key.private_key
        assert private is not None
        r, s = decode_dss_signature(private.sign(signed, _ECDSA))
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")
    assert key.private_key is not None
    return key.private_key.sign(signed, _PKCS1, _SHA256)


def read_own(keys: KeyRing, issuer: str, token: str, typ: str) -> dict[str, Any] | None:
    """Return the claims of a JWT that we signed and that has that `typ`, expired or not; else None."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        head, payload, _ = token.split(".")
        # joserfc takes any JSON that has "alg" in it for a header, a list or a text too, and NaN for a time.
        header, _ = read_object(decode(head)), read_object(decode(payload))
        if header.get("typ") != typ or "crit" in header:
            return None
        key = keys.verifying(header.get("kid"))
        if key is None:
            return None
        # The key decides: a header that names another algorithm than the key's is refused (RFC 8725 3.1).
        decoded = jwt.decode(token, key, algorithms=[str(key.alg)])
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    return decoded.claims if decoded.claims.get("iss") == issuer else None


def is_of_kind(header: Mapping[str, Any], types: Collection[str]) -> bool:
    """Tell whether `typ` is left out or, in whatever case, one of `types`, which are in lower case (RFC 8725 3.11)."""
    typ = header.get("typ")
    return typ is None or (isinstance(typ, str) and typ.lower() in types)


def canonical(alg: object) -> str:
    """Return the name under which we know a JWS algorithm: RFC 9864 gives EdDSA on its one usual curve another one."""
    return "EdDSA" if alg == "Ed25519" else str(alg)


class Algorithms(jws.JWSRegistry):
    """The algorithms that are taken, for joserfc, by their canonical names; EdDSA without joserfc's warning of it."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(algorithms=[_JOSERFC_NAMES.get(name, name) for name in names])

    def get_alg(self, name: str) -> Any:
        """Return the algorithm of that name, whichever of its names, if it is taken."""
        return super().get_alg(_JOSERFC_NAMES.get(name, name))


_JOSERFC_NAMES = {"EdDSA": "Ed25519"}


def left_half(value: str) -> str:
    """Return at_hash of `value` for an algorithm with SHA-256 (Core 3.1.3.6)."""
    return encode(hashlib.sha256(value.encode("ascii")).digest()[:16])
