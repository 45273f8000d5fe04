"""The public key that a DPoP proof brings along: which may sign, by which name it is known (RFC 9449 4.2, RFC 7638).

The key is new with each proof, so reading it is half the cost. joserfc 1.8 takes 65 us for what cryptography does in 7,
takes over-long coordinates, which give one key many thumbprints, and warns at every EdDSA; so these four algorithms are
read and verified here, and the tests hold them against joserfc's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from web.base64url import decode, encode

ALGORITHMS = ("ES256", "PS256", "EdDSA", "Ed25519")
"""FAPI 2 5.4.1; the last is RFC 9864's name of the third. For `dpop_signing_alg_values_supported`."""
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
RSA_BITS = (2048, 4096)
"""At least by FAPI 2 5.4.1; at most, since each bit is paid for by whoever verifies."""

_KINDS = {"ES256": ("EC", "P-256"), "PS256": ("RSA", None), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519")}
_THUMBPRINTED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_P256, _P256_BYTES = SECP256R1(), 32
_ECDSA, _SHA256 = ECDSA(SHA256()), SHA256()
_PSS = PSS(MGF1(SHA256()), SHA256.digest_size)
_EXPONENT_BYTES = 4
_json = json.JSONEncoder(separators=(",", ":")).encode


class BadKey(ValueError):
    """A JWK that is no public key of the algorithm that it is to verify."""


@dataclass(frozen=True)
class ProofKey:
    """A public key, which has one algorithm (RFC 8725 3.1); `jkt` is its thumbprint."""

    jkt: str
    _key: EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """Tell whether `signature` is this key's on `signed` (RFC 7518 3.4, 3.5, RFC 8037 3.1)."""
        try:
            if isinstance(self._key, EllipticCurvePublicKey):
                if len(signature) != 2 * _P256_BYTES:
                    return False
                r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
                self._key.verify(encode_dss_signature(r, s), signed, _ECDSA)
            elif isinstance(self._key, RSAPublicKey):
                self._key.verify(signature, signed, _PSS, _SHA256)
            else:
                self._key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


def read_key(jwk: Mapping[str, object], alg: str) -> ProofKey:
    """Return the key in `jwk`, which is to verify `alg`, one of ALGORITHMS. Raises BadKey."""
    kind = _KINDS[alg]
    if PRIVATE_MEMBERS & jwk.keys():
        raise BadKey("the key is private")
    if (jwk.get("kty"), jwk.get("crv")) != kind:
        raise BadKey("kty and crv are not the algorithm's")
    # RFC 7517 4.2 to 4.4: what the key says of its use has to allow this one.
    named, operations = jwk.get("alg", alg), jwk.get("key_ops", ["verify"])
    if not isinstance(named, str) or _KINDS.get(named) != kind or jwk.get("use", "sig") != "sig":
        raise BadKey("alg or use forbids it")
    if not isinstance(operations, list) or "verify" not in operations:
        raise BadKey("key_ops forbids it")
    try:
        if alg == "ES256":
            return ProofKey(thumbprint(jwk), _p256(_octets(jwk, "x"), _octets(jwk, "y")))
        if alg == "PS256":
            return ProofKey(thumbprint(jwk), _rsa(_octets(jwk, "n"), _octets(jwk, "e")))
        return ProofKey(thumbprint(jwk), Ed25519PublicKey.from_public_bytes(_octets(jwk, "x")))
    except BadKey:
        raise
    except ValueError as error:
        raise BadKey("the numbers are no key") from error


def thumbprint(jwk: Mapping[str, object]) -> str:
    """Return the SHA-256 thumbprint of an EC, OKP or RSA key (RFC 7638 3, RFC 8037 2). Raises BadKey."""
    kty = jwk.get("kty")
    names = _THUMBPRINTED.get(kty) if isinstance(kty, str) else None
    if names is None:
        raise BadKey("kty is not known")
    members = {name: jwk.get(name) for name in names}
    if not all(isinstance(value, str) for value in members.values()):
        raise BadKey("a member is missing")
    return encode(sha256(_json(members).encode("ascii")).digest())


def _octets(jwk: Mapping[str, object], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise BadKey(f"{name} is missing")
    return decode(value)


def _p256(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    # RFC 7518 6.2.1.2: full length, so that one key has one thumbprint; of the point, the rest is y.
    if len(x) != _P256_BYTES:
        raise BadKey("x is not 32 bytes long")
    return EllipticCurvePublicKey.from_encoded_point(_P256, b"\x04" + x + y)


def _rsa(n: bytes, e: bytes) -> RSAPublicKey:
    # RFC 7518 6.3.1: no zero in front, for the same reason.
    if n[:1] in (b"", b"\x00") or e[:1] in (b"", b"\x00") or len(e) > _EXPONENT_BYTES:
        raise BadKey("n or e is not of its shortest length, or e is long")
    modulus = int.from_bytes(n, "big")
    # An even one is no product of two primes, and OpenSSL does not reckon with it.
    if not RSA_BITS[0] <= modulus.bit_length() <= RSA_BITS[1] or modulus % 2 == 0:
        raise BadKey("n is too short, too long or even")
    return RSAPublicNumbers(int.from_bytes(e, "big"), modulus).public_key()
