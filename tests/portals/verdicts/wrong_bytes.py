"""Tokens that are wrong before their claims are looked at: spelling, header, key, signature, JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portals.finding import Use
from tests.portals.verdicts.signer import TYP, Signer, encode, to_json

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Made = Iterator[tuple[str, str, str]]


def wrong_form(signer: Signer, header: dict[str, Any], claims: dict[str, Any]) -> Made:
    """Yield a good token spelt wrongly: (what is wrong, token, code)."""
    good = signer.token(header, claims)
    head, payload, signature = good.split(".")
    last = ALPHABET.index(signature[-1])
    yield "empty", "", "token.size.empty"
    yield "9 KiB of claims", signer.token(header, {**claims, "x": "x" * 7000}), "token.size.too_large"
    yield "a line break inside", f"{head}.\n{payload}.{signature}", "token.shape.whitespace"
    yield "a space at the end", good + " ", "token.shape.whitespace"
    yield "plain base64", f"{head}.{payload}.{signature[:-2]}+{signature[-1]}", "token.shape.characters"
    yield "a character outside ASCII", f"{head}.{payload}é.{signature}", "token.shape.characters"
    yield "one segment", head, "token.shape.segments"
    yield "two segments", f"{head}.{payload}", "token.shape.segments"
    yield "four segments", good + ".e30", "token.shape.segments"
    yield "five segments", f"{head}.{payload}.{payload}.{payload}.{signature}", "token.shape.encrypted"
    yield "padding", good + "=" * (-len(signature) % 4), "token.shape.padding"
    yield "unused bits set", f"{head}.{payload}.{signature[:-1]}{ALPHABET[last ^ 1]}", "token.shape.not_canonical"
    yield "an impossible length", good + "A" * ((1 - len(signature)) % 4), "token.shape.not_canonical"


def wrong_header(use: Use, signer: Signer, header: dict[str, Any], claims: dict[str, Any]) -> Made:
    """Yield tokens with one thing wrong in the header, signed properly all the same: (what is wrong, token, code)."""
    text = to_json(header)
    inside = text[1:-1]
    for name, raw, code in (
        ("header without quotes", b"{" + inside.replace(b'"', b"") + b"}", "token.header.json"),
        ("header not UTF-8", b'{"x":"\xff",' + inside + b"}", "token.header.json"),
        ("header with half a character", b'{"x":"\\ud800",' + inside + b"}", "token.header.json"),
        ("header with NaN", b'{"x":NaN,' + inside + b"}", "token.header.json"),
        ("header empty", b"", "token.header.json"),
        ("alg twice", b'{"alg":"none",' + inside + b"}", "token.header.duplicate"),
        ("header nine levels deep", b'{"x":' + b"[" * 8 + b"]" * 8 + b"," + inside + b"}", "token.header.depth"),
        ("header 1500 levels deep", b'{"x":' + b"[" * 1500 + b"]" * 1500 + b"," + inside + b"}", "token.header.depth"),
        ("header an array", b"[" + text + b"]", "token.header.object"),
        ("header a string", json.dumps(text.decode()).encode(), "token.header.object"),
    ):
        yield name, signer.raw(raw, to_json(claims)), code
    for name, changes, code in _header_changes(use, signer):
        changed = {member: value for member, value in {**header, **changes}.items() if value is not None}
        yield name, signer.token(changed, claims), code


def _header_changes(use: Use, signer: Signer) -> Iterator[tuple[str, dict[str, Any], str]]:
    rogue = Signer.new(signer.kid).jwk()
    yield "crit", {"crit": ["exp"]}, "token.crit.present"
    yield "crit empty", {"crit": []}, "token.crit.present"
    yield "b64 false", {"b64": False}, "token.b64.present"
    yield "b64 true", {"b64": True}, "token.b64.present"
    yield "jwk", {"jwk": rogue}, "token.foreign_key.present"
    yield "jku", {"jku": "https://shop.example/jwks"}, "token.foreign_key.present"
    yield "x5u", {"x5u": "https://shop.example/cert"}, "token.foreign_key.present"
    yield "x5c", {"x5c": ["MIIB"]}, "token.foreign_key.present"
    yield "typ absent", {"typ": None}, "token.typ.missing"
    for typ in sorted(set(TYP.values()) - {TYP[use]}):
        yield f"typ {typ}", {"typ": typ}, "token.typ.other_use"
    yield "typ in other letters", {"typ": "jWt"}, "token.typ.wrong"
    yield "typ in an array", {"typ": [TYP[use]]}, "token.typ.wrong"
    yield "alg absent", {"alg": None}, "token.alg.missing"
    yield "alg in an array", {"alg": [signer.alg]}, "token.alg.missing"
    for alg in ("ES384", "PS256", "EdDSA", "es256", "dir"):
        yield f"alg {alg}", {"alg": alg}, "token.alg.not_accepted"
    yield "kid absent", {"kid": None}, "token.kid.missing"
    yield "kid a number", {"kid": 1}, "token.kid.missing"
    yield "kid not published", {"kid": "somebody-elses"}, "token.kid.unknown"
    yield "kid a path", {"kid": "../../dev/null"}, "token.kid.unknown"
    other = "RS256" if signer.alg == "ES256" else "ES256"
    yield f"alg {other} with the key for {signer.alg}", {"alg": other}, "token.key.other_alg"


def wrong_signature(signer: Signer, header: dict[str, Any], claims: dict[str, Any], good: str) -> Made:
    """Yield tokens whose signature is missing, forged or altered: (what is wrong, token, code)."""
    head, payload, signature = good.split(".")
    for alg in ("none", "None", "nOnE"):
        unsigned = encode(to_json({**header, "alg": alg})) + "." + payload
        yield f"alg {alg}, no signature", unsigned + ".", "token.alg.none"
    public = signer.private_key.public_key()
    secrets = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": to_json(signer.jwk()),
        "empty text": b"",
    }
    message = encode(to_json({**header, "alg": "HS256"})) + "." + payload
    for name, secret in secrets.items():
        forged = encode(hmac.digest(secret, message.encode(), hashlib.sha256))
        yield f"HS256 with the public key as {name}", f"{message}.{forged}", "token.alg.symmetric"
    yield "no signature", f"{head}.{payload}.", "token.signature.missing"
    altered = encode(to_json({**claims, "sub": "somebody-else-0123456789"}))
    yield "claims altered", f"{head}.{altered}.{signature}", "token.signature.wrong"
    extended = encode(to_json({**header, "cty": "x"}))
    yield "header altered", f"{extended}.{payload}.{signature}", "token.signature.wrong"
    rogue = Signer.new(signer.kid, signer.alg)
    yield "signed by another key", rogue.token(header, claims), "token.signature.wrong"
    raw = signer.sign(f"{head}.{payload}".encode())
    yield "signature cut", f"{head}.{payload}.{encode(raw[:-1])}", "token.signature.wrong"
    yield "signature of zeros", f"{head}.{payload}.{encode(bytes(len(raw)))}", "token.signature.wrong"
    if signer.alg == "ES256":
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        yield "signature in DER", f"{head}.{payload}.{encode(der)}", "token.signature.wrong"


def wrong_payload(signer: Signer, header: dict[str, Any], claims: dict[str, Any]) -> Made:
    """Yield properly signed payloads that are no JSON object, or an ambiguous one: (what is wrong, token, code)."""
    text = to_json(claims)
    inside = text[1:-1]
    for name, raw, code in (
        ("claims empty", b"", "token.claims.json"),
        ("claims not JSON", b"sub=li", "token.claims.json"),
        ("claims not UTF-8", b'{"x":"\xff",' + inside + b"}", "token.claims.json"),
        ("claims with half a character", b'{"x":"\\udc00",' + inside + b"}", "token.claims.json"),
        ("claims with Infinity", b'{"x":Infinity,' + inside + b"}", "token.claims.json"),
        ("claims with 1e999", b'{"x":1e999,' + inside + b"}", "token.claims.json"),
        ("sub twice", b'{"sub":"somebody-else",' + inside + b"}", "token.claims.duplicate"),
        ("a name twice, inside", b'{"x":{"a":1,"a":2},' + inside + b"}", "token.claims.duplicate"),
        ("claims nine levels deep", b'{"x":' + b"[" * 8 + b"]" * 8 + b"," + inside + b"}", "token.claims.depth"),
        ("claims 1500 levels deep", b'{"x":' + b"[" * 1500 + b"]" * 1500 + b"," + inside + b"}", "token.claims.depth"),
        ("claims an array", b"[" + text + b"]", "token.claims.object"),
        ("claims null", b"null", "token.claims.object"),
    ):
        yield name, signer.raw(to_json(header), raw), code
