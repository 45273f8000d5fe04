"""Access tokens as the provider mints them, good ones and wrong ones, each with a proof of its request (RFC 9449)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey

from web.base64url import encode
from web.dpop import make_proof, thumbprint

LIFETIME_SECONDS = 300
ACCEPTED = "token.accepted"


@dataclass(frozen=True)
class Presented:
    """A request with a token: its Authorization and DPoP headers, and the code that the verdict on it has to have."""

    token: str
    proof: str
    code: str


@dataclass
class Minter:
    """A provider's key and the keys of a portal that is called at `url`; `audience` is its API (RFC 8707)."""

    issuer: str
    client_id: str
    audience: str
    url: str
    _key: ECKey = field(default_factory=lambda: _new("bench-1"))
    _other_key: ECKey = field(default_factory=lambda: _new("bench-1"))
    _dpop_key: ECKey = field(default_factory=lambda: _new(None))
    _other_dpop_key: ECKey = field(default_factory=lambda: _new(None))

    def jwks(self) -> dict[str, Any]:
        """Return what the provider publishes (RFC 7517 5)."""
        return {"keys": [self._key.as_dict(private=False)]}

    def good(self) -> Presented:
        """Return a token of its own, with a proof of its own."""
        return self._presented(self._token())

    def wrong(self) -> Mapping[str, Callable[[], Presented]]:
        """Return what makes tokens that have to be refused, by what is wrong with each."""
        now = int(time.time())
        return {
            "three words": lambda: self._presented("not.a.token", "token.shape.not_canonical"),
            "alg none": lambda: self._presented(self._unsigned(), "token.alg.none"),
            "an ID token": lambda: self._presented(self._token(typ="JWT"), "token.typ.other_use"),
            "a foreign signature": lambda: self._presented(self._token(self._other_key), "token.signature.wrong"),
            "expired": lambda: self._presented(self._token(iat=now - 600, exp=now - 300), "token.exp.past"),
            "for another portal": lambda: self._presented(self._token(aud=["https://x.example"]), "token.aud.unknown"),
            "bound to no key": lambda: self._presented(self._token(cnf=None), "token.cnf.missing"),
            "the proof of another URL": lambda: self._presented(self._token(), "proof.htu", url=f"{self.url}/x"),
            "the proof of another key": lambda: self._presented(
                self._token(), "proof.key.other", key=self._other_dpop_key
            ),
        }

    def _presented(
        self, token: str, code: str = ACCEPTED, *, url: str | None = None, key: ECKey | None = None
    ) -> Presented:
        proof = make_proof(
            key or self._dpop_key, method="GET", url=url or self.url, now=time.time(), access_token=token
        )
        return Presented(token, proof, code)

    def _token(self, key: ECKey | None = None, typ: str = "at+jwt", **changes: Any) -> str:
        header = {"alg": "ES256", "kid": "bench-1", "typ": typ}
        return jwt.encode(header, self._claims(**changes), key or self._key)

    def _unsigned(self) -> str:
        signed = jws.serialize_compact({"alg": "ES256", "kid": "bench-1", "typ": "at+jwt"}, "{}", self._key)
        head = encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
        return ".".join((head, *signed.split(".")[1:]))

    def _claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": secrets.token_urlsafe(32),
            "aud": [self.audience, self.issuer],
            "client_id": self.client_id,
            "exp": now + LIFETIME_SECONDS,
            "iat": now,
            "jti": f"{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(9)}",
            "scope": "openid profile",
            "sid": secrets.token_urlsafe(24),
            "auth_time": now - 600,
            "acr": "urn:manyou:loa:3",
            "amr": ["pwd"],
            "cnf": {"jkt": thumbprint(self._dpop_key.as_dict(private=False))},
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}


def _new(kid: str | None) -> ECKey:
    said = {"use": "sig", "alg": "ES256"} | ({"kid": kid} if kid else {})
    return ECKey.generate_key("P-256", said)


def many(make: Callable[[], Presented], count: int) -> Iterator[Presented]:
    """Return so many, each made anew."""
    return (make() for _ in range(count))
