"""A client's JWK Set at registration: public keys of known kinds and sizes, and nothing else (RFC 7517, RFC 7591 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from idp.oauth.client_metadata_shapes import BadMetadata

MOST_KEYS = 10
RSA_BITS = range(2048, 4097)
LONGEST_EXPONENT = 32
LONGEST_MEMBER = 1024
_KINDS = ("RSA", "EC", "OKP")
_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg")
_CURVES = ("P-256", "P-384", "P-521", "Ed25519", "Ed448", "X25519", "X448")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def public_keys(jwks: Any) -> dict[str, list[dict[str, str]]]:
    """Return the set with the members that a verifier needs; keys may be without kid. Raises BadMetadata."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise _bad("must be a JWK Set (RFC 7517 5)")
    if not 0 < len(keys) <= MOST_KEYS:
        raise _bad(f"must hold at least one and at most {MOST_KEYS} keys")
    kids = [key["kid"] for key in keys if isinstance(key.get("kid"), str)]
    if len(set(kids)) != len(kids):
        raise _bad("must not hold a kid twice (RFC 7517 4.5)")
    return {"keys": [_public_key(key) for key in keys]}


def _public_key(key: Mapping[str, Any]) -> dict[str, str]:
    if _PRIVATE & set(key):
        raise _bad("holds a private or symmetric key; that one is known to others now, and must not be used again")
    if key.get("kty") not in _KINDS:
        raise _bad("must hold keys of kty RSA, EC or OKP alone")
    kept = {name: key[name] for name in _MEMBERS if key.get(name) is not None}
    if not all(_is_short(value) for value in kept.values()):
        raise _bad("holds a key whose members are too long or no texts")
    if kept.get("crv", "P-256") not in _CURVES:
        raise _bad("holds a key with an unknown crv")
    try:
        # Which members there must be, and which `use` there is, joserfc checks.
        imported = import_key(kept)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise _bad("holds a key that cannot be read") from error
    if isinstance(imported.raw_value, RSAPublicKey):
        numbers = imported.raw_value.public_numbers()
        # Verifying takes the longer, the longer these are.
        if numbers.n.bit_length() not in RSA_BITS or numbers.e.bit_length() > LONGEST_EXPONENT:
            raise _bad(f"must hold RSA keys of {RSA_BITS[0]} to {RSA_BITS[-1]} bits with a short exponent")
    return kept


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_MEMBER and value.isascii() and value.isprintable()


def _bad(reason: str) -> BadMetadata:
    return BadMetadata("jwks", reason)
