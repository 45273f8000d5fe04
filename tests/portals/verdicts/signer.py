"""What makes tokens for the tests: a key that signs whatever bytes it is given, and the facts of one visit.

Signatures come from cryptography and good tokens from joserfc, so that nothing here shares code with the judge.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, RSAKey

from portals.finding import Use
from tests.web.dpop_signer import EC_KEY

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYP = {
    "id_token": "JWT",
    "refreshed_id_token": "JWT",
    "access_token": "at+jwt",
    "logout_token": "logout+jwt",
}


@dataclass(frozen=True)
class Signer:
    """One private key under its kid; `alg` is ES256 or RS256."""

    private_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    kid: str
    alg: str = "ES256"

    @classmethod
    def new(cls, kid: str, alg: str = "ES256") -> Signer:
        """Make a key for `alg`."""
        if alg == "ES256":
            return cls(ec.generate_private_key(ec.SECP256R1()), kid, alg)
        return cls(rsa.generate_private_key(65537, 2048), kid, alg)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """Return the public JWK as the provider publishes it, with `changes`."""
        public: Any = self.private_key.public_key()
        key = ECKey.import_key(public) if self.alg == "ES256" else RSAKey.import_key(public)
        return {**key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.alg, **changes}

    def sign(self, message: bytes) -> bytes:
        """Return the raw JWS signature of `message` (RFC 7518 3.3, 3.4)."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private_key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def raw(self, header: bytes, payload: bytes) -> str:
        """Sign `header` and `payload` exactly as they are."""
        message = f"{encode(header)}.{encode(payload)}"
        return f"{message}.{encode(self.sign(message.encode()))}"

    def token(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Sign `claims` under `header`, whatever they say."""
        return self.raw(to_json(header), to_json(claims))


@dataclass(frozen=True)
class Facts:
    """What is true of one visit to one portal: who issued, for whom, whose session, when; `other_*` is a neighbour."""

    issuer: str
    audience: str
    client_id: str
    sid: str
    now: int
    sub: str = "c3ViamVjdC1vZi1vbmUtcG9ydGFs"
    other_audience: str = "http://tianjin.localhost:8002/api"
    other_client_id: str = "tianjin"
    nonce: str = "nonce-of-this-sign-in-0123456789"
    acr: str = "urn:manyou:loa:3"
    access_token: str = "the access token that came along"
    ended_sid: str | None = None
    jkt: str = EC_KEY.thumbprint()


def encode(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_json(value: Any) -> bytes:
    """Write compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def good_header(use: Use, signer: Signer) -> dict[str, Any]:
    """Return the header of a token that is right."""
    return {"alg": signer.alg, "kid": signer.kid, "typ": TYP[use]}


def good_claims(use: Use, facts: Facts) -> dict[str, Any]:
    """Return the claims of a token that is right, as the provider writes them."""
    claims: dict[str, Any] = {
        "iss": facts.issuer, "sub": facts.sub, "exp": facts.now + 120, "iat": facts.now,
        "jti": "amp0aS1vZi10aGlzLXRva2Vu", "sid": facts.sid,
    }  # fmt: skip
    if use == "logout_token":
        return {**claims, "aud": facts.client_id, "events": {LOGOUT_EVENT: {}}}
    claims |= {"auth_time": facts.now - 600, "acr": facts.acr, "amr": ["pwd"]}
    if use == "access_token":
        aud = [facts.audience, facts.issuer]
        bound = {"cnf": {"jkt": facts.jkt}}
        return {**claims, "aud": aud, "client_id": facts.client_id, "scope": "openid profile", **bound}
    digest = hashlib.sha256(facts.access_token.encode()).digest()
    claims |= {"aud": facts.client_id, "at_hash": encode(digest[:16])}
    return claims | ({"nonce": facts.nonce} if use == "id_token" else {})


def good_token(use: Use, signer: Signer, facts: Facts) -> str:
    """Return a token that is right in every way."""
    return signer.token(good_header(use, signer), good_claims(use, facts))
