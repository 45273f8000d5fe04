"""JWTs that are wrong in one way and right in every other: each is made of a good one and, where there is one, its key.

Signed here with cryptography alone: a library for JWTs would refuse to make most of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from web.base64url import decode, encode

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Good:
    """What a token that would be taken is made of; `elsewhere` is an address of an attacker's."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: Key
    attacker: Key
    elsewhere: str = "http://attacker.localhost/keys"
    pss: bool = False

    def with_header(self, **changes: Any) -> Good:
        """Return it with another header; None takes a member out."""
        header = {name: value for name, value in {**self.header, **changes}.items() if value is not None}
        return replace(self, header=header)

    def by(self, key: Key) -> Good:
        """Return it signed by another key."""
        return replace(self, key=key)

    def token(self, header: Any = None, payload: Any = None) -> str:
        """Return the token; `header` and `payload` may be raw JSON."""
        head = segment(self.header if header is None else header)
        body = segment(self.claims if payload is None else payload)
        signed = f"{head}.{body}"
        return f"{signed}.{encode(self.signature(signed.encode()))}"

    def signature(self, signed: bytes) -> bytes:
        """Return the signature as RFC 7518 3.3 to 3.5 want it."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.pss:
            return self.key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def segment(value: Any) -> str:
    """Return one segment: text as it is, anything else as JSON."""
    return encode((value if isinstance(value, str) else json.dumps(value)).encode())


def public_jwk(key: Key) -> dict[str, str]:
    """Return the public JWK of a key."""
    numbers = key.public_key().public_numbers()
    if isinstance(numbers, ec.EllipticCurvePublicNumbers):
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": encode(numbers.x.to_bytes(32, "big")),
            "y": encode(numbers.y.to_bytes(32, "big")),
        }
    return {"kty": "RSA", "n": encode(_octets(numbers.n)), "e": encode(_octets(numbers.e))}


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _with_signature(good: Good, change: Callable[[bytes], bytes]) -> str:
    head, body, signature = good.token().split(".")
    return f"{head}.{body}.{encode(change(decode(signature)))}"


def _confused(good: Good, secret: bytes) -> str:
    signed = f"{segment({**good.header, 'alg': 'HS256'})}.{segment(good.claims)}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _pem(good: Good) -> bytes:
    return good.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _der(good: Good) -> bytes:
    return good.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _unsigned(good: Good, alg: str, signature: str = "") -> str:
    return f"{segment({**good.header, 'alg': alg})}.{segment(good.claims)}.{signature}"


def _b64_false(good: Good) -> str:
    head = segment({**good.header, "b64": False, "crit": ["b64"]})
    payload = json.dumps(good.claims)
    return f"{head}.{payload}.{encode(good.signature(f'{head}.{payload}'.encode()))}"


def _detached(good: Good) -> str:
    head, _, signature = good.token().split(".")
    return f"{head}..{signature}"


def _spare_bits(good: Good) -> str:
    # 64 and 256 bytes leave spare bits in the last character: all but one spelling of them are wrong.
    token = good.token()
    return token[:-1] + LETTERS[LETTERS.index(token[-1]) + 1]


def _twice(part: dict[str, Any], name: str, first: Any) -> str:
    return "{" + json.dumps(name) + ":" + json.dumps(first) + "," + json.dumps(part)[1:]


def _json_serialization(good: Good, *, flat: bool) -> str:
    head, body, signature = good.token().split(".")
    one = {"protected": head, "signature": signature}
    return json.dumps({"payload": body, **one} if flat else {"payload": body, "signatures": [one]})


def _encrypted(header: dict[str, str], key: bytes, text: str) -> str:
    return ".".join((segment(header), encode(key), encode(b"i" * 12), encode(text.encode()), encode(b"t" * 16)))


def _with_depths(part: dict[str, Any]) -> str:
    return '{"x":' + "[" * 2500 + "]" * 2500 + "," + json.dumps(part)[1:]


def _other_curve(good: Good, curve: ec.EllipticCurve, alg: str, size: int) -> str:
    key = ec.generate_private_key(curve)
    other = good.with_header(alg=alg)
    signed = f"{segment(other.header)}.{segment(good.claims)}"
    digest = hashes.SHA384() if size == 48 else hashes.SHA512()
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(digest)))
    return f"{signed}.{encode(r.to_bytes(size, 'big') + s.to_bytes(size, 'big'))}"


def _other_of_the_kind(good: Good) -> str:
    others = {"ES256": "ES384", "RS256": "PS256", "PS256": "RS256"}
    return others[good.header["alg"]]


def _flipped(raw: bytes) -> bytes:
    return bytes([raw[0] ^ 1]) + raw[1:]


ATTACKS: dict[str, Callable[[Good], str]] = {
    # RFC 7515 4.1.11: what is critical and not understood makes a token invalid.
    "crit names what nobody knows": lambda good: good.with_header(crit=["x"], x=1).token(),
    "crit names what is missing": lambda good: good.with_header(crit=["x"]).token(),
    "crit names a registered parameter": lambda good: good.with_header(crit=["alg"]).token(),
    "crit is empty": lambda good: good.with_header(crit=[]).token(),
    "crit is a text": lambda good: good.with_header(crit="b64").token(),
    "b64 is false": _b64_false,
    "b64 is false and the payload encoded": lambda good: good.with_header(b64=False, crit=["b64"]).token(),
    "the payload is detached": _detached,
    # RFC 8725 2.1, 3.1: nobody chooses the algorithm but who verifies.
    "alg is none": lambda good: _unsigned(good, "none"),
    "alg is None": lambda good: _unsigned(good, "None"),
    "alg is nOnE": lambda good: _unsigned(good, "nOnE"),
    "alg is none beside a signature": lambda good: _unsigned(good, "none", good.token().split(".")[2]),
    "alg is missing": lambda good: good.with_header(alg=None).token(),
    "alg is a number": lambda good: good.with_header(alg=256).token(),
    "alg is another of the kind": lambda good: good.with_header(alg=_other_of_the_kind(good)).token(),
    "alg has another case": lambda good: good.with_header(alg=str(good.header["alg"]).lower()).token(),
    "alg is followed by a null": lambda good: good.with_header(alg=f"{good.header['alg']}\0").token(),
    "ES384 by a key of its own": lambda good: _other_curve(good, ec.SECP384R1(), "ES384", 48),
    "ES512 by a key of its own": lambda good: _other_curve(good, ec.SECP521R1(), "ES512", 66),
    "HS256 with the public key as JWK": lambda good: _confused(good, json.dumps(public_jwk(good.key)).encode()),
    "HS256 with the public key as PEM": lambda good: _confused(good, _pem(good)),
    "HS256 with the public key as DER": lambda good: _confused(good, _der(good)),
    "HS256 with an empty key": lambda good: _confused(good, b""),
    # RFC 8725 3.10: no key that the token itself brings, or points to.
    "signed by another key": lambda good: good.by(good.attacker).token(),
    "jwk of another key": lambda good: good.with_header(jwk=public_jwk(good.attacker)).by(good.attacker).token(),
    "jwk of another key and no kid": lambda good: (
        good.with_header(jwk=public_jwk(good.attacker), kid=None).by(good.attacker).token()
    ),
    "jku elsewhere": lambda good: good.with_header(jku=good.elsewhere, kid="theirs").by(good.attacker).token(),
    "jku elsewhere under our kid": lambda good: good.with_header(jku=good.elsewhere).by(good.attacker).token(),
    "x5u elsewhere": lambda good: good.with_header(x5u=good.elsewhere).by(good.attacker).token(),
    "x5c of nobody": lambda good: (
        good.with_header(x5c=[base64.b64encode(_der(good.by(good.attacker))).decode()]).by(good.attacker).token()
    ),
    "kid is a path": lambda good: good.with_header(kid="../../../../dev/null").by(good.attacker).token(),
    "kid is SQL": lambda good: good.with_header(kid="' OR 1=1 --").by(good.attacker).token(),
    "kid is an object": lambda good: good.with_header(kid={"kid": "x"}).by(good.attacker).token(),
    # RFC 8725 3.11: a token that was made for something else says so; RFC 7515 4.1.9: by a text.
    "typ is of another kind": lambda good: good.with_header(typ="secevent+jwt").token(),
    "typ is a list": lambda good: good.with_header(typ=["JWT"]).token(),
    "typ is an object": lambda good: good.with_header(typ={}).token(),
    "alg is a list": lambda good: good.with_header(alg=[good.header["alg"]]).token(),
    # One token, one spelling.
    "spare bits in the signature": _spare_bits,
    "padding": lambda good: good.token() + "=" * (-len(good.token().split(".")[2]) % 4 or 4),
    "a line break in the signature": lambda good: good.token()[:-8] + "\n" + good.token()[-8:],
    "standard base64": lambda good: good.token(header='{"a":"???>>>",' + json.dumps(good.header)[1:]).replace("_", "/"),
    "a fourth segment": lambda good: good.token() + ".",
    "a wrong signature": lambda good: _with_signature(good, _flipped),
    "half a signature": lambda good: _with_signature(good, lambda raw: raw[: len(raw) // 2]),
    "a signature with zeros in front": lambda good: _with_signature(good, lambda raw: b"\0" * 2 + raw),
    "a signature with zeros behind": lambda good: _with_signature(good, lambda raw: raw + b"\0" * 2),
    "a signature of zeros": lambda good: _with_signature(good, lambda raw: bytes(len(raw))),
    "a signature of ones": lambda good: _with_signature(good, lambda raw: b"\xff" * len(raw)),
    "a signature of the order": lambda good: _with_signature(good, lambda raw: ORDER.to_bytes(32, "big") * 2),
    "a signature as DER": lambda good: _with_signature(
        good, lambda raw: encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    ),
    # RFC 7515 4, RFC 7519 4: of two values nobody knows which one was meant.
    "alg twice": lambda good: good.token(header=_twice(good.header, "alg", "none")),
    "a claim twice": lambda good: good.token(payload=_twice(good.claims, "iat", 0)),
    # Things that are no signed JWT in compact form.
    "flattened JSON": lambda good: _json_serialization(good, flat=True),
    "general JSON": lambda good: _json_serialization(good, flat=False),
    "a JWE": lambda good: _encrypted({"alg": "RSA-OAEP-256", "enc": "A256GCM"}, b"k" * 256, good.token()),
    "a JWE with a direct key": lambda good: _encrypted({"alg": "dir", "enc": "A128GCM"}, b"", good.token()),
    "a JWT in a JWT": lambda good: good.with_header(cty="JWT").token(payload=good.token()),
    "a header in the header": lambda good: good.token(header={"header": good.header}),
    "a deep header": lambda good: good.token(header=_with_depths(good.header)),
    "deep claims": lambda good: good.token(payload=_with_depths(good.claims)),
    "claims that are a list": lambda good: good.token(payload=[good.claims]),
    "claims that are a number of 5000 digits": lambda good: good.token(payload='{"exp":' + "9" * 5000 + "}"),
    "claims that are no JSON": lambda good: good.token(payload="{'iss': 1}"),
    "NaN for a time": lambda good: good.token(payload=_nan(good.claims)),
    "infinity for a time": lambda good: good.token(payload={**good.claims, "exp": float("inf"), "iat": float("inf")}),
}  # fmt: skip


def _nan(claims: dict[str, Any]) -> str:
    return json.dumps({**claims, "iat": float("nan"), "exp": float("nan")})


def mirrored(good: Good) -> tuple[str, str]:
    """Return a token and its twin: of an ECDSA signature (r, s), (r, n - s) is as good, and anybody can make it."""
    token = good.token()
    head, body, signature = token.split(".")
    raw = decode(signature)
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return token, f"{head}.{body}.{encode(twin)}"


@dataclass
class Attackers:
    """Keys that an attacker has, made once."""

    ec: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    rsa: Key = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
