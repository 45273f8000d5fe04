"""From a client's JWK Set to the keys that can have made a signature (RFC 7517 5, RFC 8725 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, RSAKey, import_key

from idp.oauth.signing import canonical

_KINDS = {"ES256": ("EC", "P-256"), "RS256": ("RSA", None), "PS256": ("RSA", None), "EdDSA": ("OKP", "Ed25519")}
MOST_KEYS = 20
RSA_BITS = range(2048, 8193)


def keys_for(document: Mapping[str, Any], alg: str, kid: object) -> KeySet | None:
    """Return the keys of the set that can have signed with `alg` under `kid` (any, if that is None), or None.

    Keys that cannot be used are passed over, as RFC 7517 5 wants it: one of them makes no set unreadable. `alg` is the
    canonical name.
    """
    usable = [one for one in document["keys"][:MOST_KEYS] if _usable(one, alg, kid)]
    imported = [key for one in usable if (key := _imported(one)) is not None]
    return KeySet(imported) if imported else None


def _usable(key: Mapping[str, Any], alg: str, kid: object) -> bool:
    kty, crv = _KINDS.get(alg, ("", None))
    return (
        key.get("kty") == kty
        and (crv is None or key.get("crv") == crv)
        and key.get("use", "sig") == "sig"
        and canonical(key.get("alg", alg)) == alg
        and (kid is None or key.get("kid") == kid)
    )


def _imported(key: Mapping[str, Any]) -> Key | None:
    # A client that publishes its private key by mistake proves nothing with it (RFC 7517 9.2).
    return _key(frozenset((name, value) for name, value in key.items() if name in _PUBLIC and isinstance(value, str)))


# Reading a key costs as much as verifying with it.
@lru_cache(maxsize=500)
def _key(members: frozenset[tuple[str, str]]) -> Key | None:
    try:
        imported = import_key(dict(members))
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    # Verifying with a key of a hundred thousand bits would take seconds of everybody's time.
    if isinstance(imported, RSAKey) and imported.public_key.key_size not in RSA_BITS:
        return None
    return imported


_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e", "kid"})
