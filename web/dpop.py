"""DPoP proofs, read by provider and portals alike and made by portals (RFC 9449 4).

A proof is a JWT in a header of one request, signed with the key that it carries: whoever sent it has that key. What
needs a memory is the caller's: whether the nonce is its own (`web.dpop_nonces`), whether the `jti` came before, and
whether the key is the one that the token is bound to.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.jwk import ECKey

from web.base64url import decode, encode
from web.dpop_keys import ALGORITHMS, PRIVATE_MEMBERS, BadKey, ProofKey, read_key, thumbprint
from web.strict_json import read_object
from web.uri import resource

__all__ = [
    "ALGORITHMS",
    "LEEWAY",
    "PROOF_SECONDS",
    "REASONS",
    "BadProof",
    "Proof",
    "make_proof",
    "read_proof",
    "thumbprint",
]

PROOF_SECONDS = 60
"""How old a proof may be, by its `iat`."""
LEEWAY = 30
"""Seconds by which clocks may differ; one number everywhere."""
LONGEST_PROOF = 8192
LONGEST_TEXT = 256
MOST_BRACKETS = 32
"""How many objects and arrays header or claims may hold, and so how deep; an honest header holds 2 or 3."""
TYPE = "dpop+jwt"

REASONS = {
    "proof.missing": "The request has no DPoP proof.",
    "proof.repeated": "The request has more than one DPoP header.",
    "proof.size": "The DPoP proof is too long.",
    "proof.form": "The DPoP proof is not a well-formed signed JWT.",
    "proof.typ": "typ of the DPoP proof is not dpop+jwt.",
    "proof.crit": "The DPoP proof asks for an extension of JWS.",
    "proof.alg": f"alg of the DPoP proof is not one of {', '.join(ALGORITHMS)}.",
    "proof.jwk": "jwk of the DPoP proof is not a public key of its alg.",
    "proof.jwk_private": "jwk of the DPoP proof holds a private key, which is to be considered known now.",
    "proof.jti": f"jti of the DPoP proof is not a text of 1 to {LONGEST_TEXT} printable characters.",
    "proof.htm": "htm of the DPoP proof is not the method of this request.",
    "proof.htu": "htu of the DPoP proof is not the URL of this request.",
    "proof.iat": "iat of the DPoP proof is missing, too old or in the future.",
    "proof.exp": "exp of the DPoP proof is over.",
    "proof.nbf": "nbf of the DPoP proof is in the future.",
    "proof.nonce": "nonce of the DPoP proof is not of the form that a server gives out.",
    "proof.ath": "ath of the DPoP proof is not the hash of the access token.",
    "proof.signature": "The signature of the DPoP proof is not good.",
}

_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")  # RFC 9449 8.1: NQCHAR


@dataclass(frozen=True)
class Proof:
    """A good proof: `jkt` names its key, `jti` is to be remembered until `expires_at`, seconds since the epoch."""

    jkt: str
    jti: str
    iat: int
    nonce: str | None
    expires_at: float


class BadProof(Exception):
    """A proof that is refused: `code` is a key of REASONS; its text is ASCII and may be an error_description."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


def read_proof(headers: Sequence[str], *, method: str, url: str, now: float, access_token: str | None = None) -> Proof:
    """Check the request's DPoP headers, as RFC 9449 4.3 lists it, and return what the caller goes on with.

    `headers` are the values of every DPoP header; `url` is what the client was told, not what Host says; `access_token`
    is what came beside the proof, at a resource. Raises BadProof, and nothing else.
    """
    header, claims, signed, signature = _taken_apart(headers)
    key = _key(header)
    jti, nonce = claims.get("jti"), claims.get("nonce")
    # Printable: JSON can hold lone surrogates, which no store takes.
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_TEXT or not jti.isprintable():
        raise BadProof("proof.jti")
    if claims.get("htm") != method:
        raise BadProof("proof.htm")
    if not _same_url(claims.get("htu"), url):
        raise BadProof("proof.htu")
    iat = _issued_at(claims, now)
    if nonce is not None and not (isinstance(nonce, str) and _NONCE.fullmatch(nonce)):
        raise BadProof("proof.nonce")
    if access_token is not None and not _is_hash(claims.get("ath"), access_token):
        raise BadProof("proof.ath")
    if not key.verifies(signature, signed):
        raise BadProof("proof.signature")
    # LEEWAY once more: of two processes of one service, the slower may still take what the faster would forget.
    return Proof(key.jkt, jti, int(iat), nonce, iat + PROOF_SECONDS + LEEWAY)


def make_proof(
    key: ECKey,
    *,
    method: str,
    url: str,
    now: float,
    jti: str | None = None,
    nonce: str | None = None,
    access_token: str | None = None,
) -> str:
    """Return a proof for one request, signed with `key`, a private one on P-256; `jti` is drawn (RFC 9449 4.2)."""
    public = key.as_dict(private=False)
    header = {"typ": TYPE, "alg": "ES256", "jwk": {name: public[name] for name in ("kty", "crv", "x", "y")}}
    claims = {"jti": jti or secrets.token_urlsafe(16), "htm": method, "htu": re.split("[?#]", url)[0], "iat": int(now)}
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = _hash(access_token)
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=["ES256"])


def _taken_apart(headers: Sequence[str]) -> tuple[str, dict[str, Any], bytes, bytes]:
    """Items 1 and 2: one header, one JWS in compact serialization; its header, claims, signed bytes and signature."""
    if not headers:
        raise BadProof("proof.missing")
    if len(headers) > 1:
        raise BadProof("proof.repeated")
    proof = headers[0]
    if len(proof) > LONGEST_PROOF:
        raise BadProof("proof.size")
    try:
        first, second, third = proof.split(".")
        claims, signature = _parsed(second), decode(third)
        return first, claims, f"{first}.{second}".encode("ascii"), signature
    except ValueError as error:
        raise BadProof("proof.form") from error


# Whoever proves a key does so with the same header again and again.
@lru_cache(256)
def _key(segment: str) -> ProofKey:
    """Items 4 to 7 of the proof's header: the type, an allowed algorithm, and the public key that is to verify it."""
    try:
        header = _parsed(segment)
    except ValueError as error:
        raise BadProof("proof.form") from error
    if header.get("typ") != TYPE:
        raise BadProof("proof.typ")
    # RFC 7515 4.1.11: an extension that has to be understood is not, whichever it is; b64 is one (RFC 7797 6).
    if "crit" in header or "b64" in header:
        raise BadProof("proof.crit")
    alg, jwk = header.get("alg"), header.get("jwk")
    if alg not in ALGORITHMS:
        raise BadProof("proof.alg")
    if not isinstance(jwk, dict):
        raise BadProof("proof.jwk")
    if PRIVATE_MEMBERS & jwk.keys():
        raise BadProof("proof.jwk_private")
    try:
        return read_key(jwk, alg)
    except BadKey as error:
        raise BadProof("proof.jwk") from error


def _same_url(htu: object, url: str) -> bool:
    """Item 9: the same resource in whatever spelling, query and fragment left out."""
    if not isinstance(htu, str):
        return False
    # Nearly always both are spelled alike, and neither needs to be taken apart.
    return htu == url or ((named := resource(htu)) is not None and named == resource(url))


def _issued_at(claims: dict[str, Any], now: float) -> float:
    """Item 11: issued just now; and where it has exp and nbf, as any JWT may, within them (RFC 7519 4.1.4, 4.1.5)."""
    # Compared with whole numbers of any length as they are: turned into a float, a long one would overflow.
    iat = claims.get("iat")
    if not _is_number(iat) or not now - PROOF_SECONDS <= iat <= now + LEEWAY:
        raise BadProof("proof.iat")
    exp, nbf = claims.get("exp"), claims.get("nbf")
    if exp is not None and not (_is_number(exp) and now - LEEWAY < exp):
        raise BadProof("proof.exp")
    if nbf is not None and not (_is_number(nbf) and nbf <= now + LEEWAY):
        raise BadProof("proof.nbf")
    return float(iat)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hash(access_token: str) -> str:
    # RFC 9449 4.2 hashes ASCII; whatever else a header may hold is hashed too, and is no token's hash.
    return encode(sha256(access_token.encode("utf-8", "surrogatepass")).digest())


def _is_hash(ath: object, access_token: str) -> bool:
    return isinstance(ath, str) and ath.isascii() and hmac.compare_digest(ath, _hash(access_token))


def _parsed(segment: str) -> dict[str, Any]:
    raw = decode(segment)
    if raw.count(b"{") + raw.count(b"[") > MOST_BRACKETS:
        raise ValueError("nested too deep")
    return read_object(raw)
