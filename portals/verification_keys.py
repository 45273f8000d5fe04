"""The provider's published keys, as keys that verify: the only module that touches python-jose.

python-jose 3.5 takes any key that parses: an unknown member of a JWKS stops it, ES256 passes with a P-384 key, and raw
bytes become an HMAC secret. So a JWKS is filtered here, each usable entry becomes one key that has one algorithm, and
the library is asked for exactly that pair. `jwt.decode` and its JWE are never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jose import jwk
from jose.backends.base import Key
from jose.exceptions import JOSEError

from portals.token_parts import Malformed, decode_segment

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = 2048


class _Unusable(ValueError):
    """Why one entry of a JWKS cannot verify signatures; the text is ASCII and shown in findings."""


@dataclass(frozen=True)
class VerificationKey:
    """One public key and the one algorithm it verifies (RFC 8725 3.1)."""

    kid: str
    alg: str
    _key: Key

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's on `signed` (RFC 7515 5.2), by its one algorithm.

        Not by jws.verify, which reads the token once more to find the algorithm that was judged before: half as dear
        as the signature itself.
        """
        try:
            return self._key.verify(signed, signature) is True
        except (JOSEError, ValueError):
            return False


class VerificationKeys:
    """The keys of one JWKS (RFC 7517 5), found by `kid` and `alg`; immutable."""

    def __init__(self, keys: Mapping[tuple[str, str], VerificationKey], problems: Mapping[str, str]) -> None:
        self._keys = dict(keys)
        self._problems = dict(problems)

    @classmethod
    def from_jwks(cls, document: object) -> VerificationKeys:
        """Build each usable key of `document` once; what cannot be used is left out and remembered by `problem`.

        Never raises: a document that is no JWKS has no keys.
        """
        keys: dict[tuple[str, str], VerificationKey] = {}
        twice: set[tuple[str, str]] = set()
        problems: dict[str, str] = {}
        entries = document.get("keys") if isinstance(document, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            kid = entry.get("kid") if isinstance(entry, dict) else None
            if not isinstance(kid, str) or not kid:
                continue
            try:
                key = _verification_key(kid, entry)
            except _Unusable as error:
                problems[kid] = str(error)
                continue
            if (kid, key.alg) in keys:
                twice.add((kid, key.alg))
            keys[kid, key.alg] = key
        for pair in twice:  # RFC 7517 4.5: with one kid on two keys nobody can say which one is meant
            del keys[pair]
            problems[pair[0]] = "more than one published key has this kid"
        return cls(keys, problems)

    @property
    def kids(self) -> tuple[str, ...]:
        """The kids of the usable keys, in the order of the document."""
        return tuple(dict.fromkeys(kid for kid, _ in self._keys))

    def get(self, kid: str, alg: str) -> VerificationKey | None:
        """Return the key of `kid` that verifies `alg`, or None."""
        return self._keys.get((kid, alg))

    def algs(self, kid: str) -> tuple[str, ...]:
        """Return the algorithms for which there is a usable key of `kid`."""
        return tuple(alg for known, alg in self._keys if known == kid)

    def problem(self, kid: str) -> str | None:
        """Tell why the published key of `kid` is not usable; None when it is, or is not published."""
        return self._problems.get(kid)


def _verification_key(kid: str, entry: dict[str, Any]) -> VerificationKey:
    """Check one JWK (RFC 7517 4, RFC 7518 6) and build its key. Raises _Unusable."""
    if _PRIVATE & entry.keys():
        raise _Unusable("the published key holds private members")
    if entry.get("use", "sig") != "sig":
        raise _Unusable("use is not sig")
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise _Unusable("key_ops does not hold verify")
    members, alg = _public_members(entry)
    if entry.get("alg", alg) != alg:
        raise _Unusable(f"alg is not {alg}, which kty and crv ask for")
    try:
        return VerificationKey(kid, alg, jwk.construct(members, alg))
    except (JOSEError, ValueError, TypeError, KeyError) as error:
        raise _Unusable("the key's numbers are not a valid key") from error


def _public_members(entry: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Return only the members that python-jose needs, and the algorithm they are for. Raises _Unusable."""
    kty = entry.get("kty")
    if kty == "EC":
        if entry.get("crv") != "P-256":
            raise _Unusable("crv is not P-256")
        if len(_number(entry, "x")) != 32 or len(_number(entry, "y")) != 32:
            raise _Unusable("x and y are not 32 bytes long")  # RFC 7518 6.2.1.2
        return {name: entry[name] for name in ("kty", "crv", "x", "y")}, "ES256"
    if kty == "RSA":
        _number(entry, "e")
        if int.from_bytes(_number(entry, "n"), "big").bit_length() < _RSA_BITS:
            raise _Unusable(f"n has less than {_RSA_BITS} bits")  # RFC 7518 3.3
        return {name: entry[name] for name in ("kty", "n", "e")}, "RS256"
    raise _Unusable("kty is neither EC nor RSA")


def _number(entry: dict[str, Any], name: str) -> bytes:
    value = entry.get(name)
    try:
        return decode_segment(value.encode("ascii"), name) if isinstance(value, str) else b""
    except (Malformed, UnicodeEncodeError) as error:
        raise _Unusable(f"{name} is not canonical base64url") from error
