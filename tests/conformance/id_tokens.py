"""ID tokens as a client reads them, by PyJWT: none of the provider's own code judges what it made."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import jwt as pyjwt

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]


class ProviderKeys:
    """The provider's keys as a client keeps them: asked for again when a token names one that is not among them."""

    def __init__(self, http: httpx.Client, issuer: str) -> None:
        self._http = http
        self._issuer = issuer
        self._known: dict[str, pyjwt.PyJWK] = {}

    def fetched(self) -> list[dict[str, Any]]:
        """Return the keys as they are published now: each with a kid of its own, none with a private member."""
        answer = self._http.get(f"{self._issuer}/jwks")
        assert answer.status_code == 200
        keys: list[dict[str, Any]] = answer.json()["keys"]
        assert len({key["kid"] for key in keys}) == len(keys)
        for key in keys:
            assert key["use"] == "sig"
            assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        return keys

    def verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims of a token whose signature is that of the key that it names; not its times."""
        header = pyjwt.get_unverified_header(token)
        if header["kid"] not in self._known:
            self._known = {key["kid"]: pyjwt.PyJWK(key) for key in self.fetched()}
        off = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud")}
        key = self._known[header["kid"]]
        claims = pyjwt.decode(token, key, algorithms=ALGORITHMS, options=off)  # type: ignore[arg-type]
        return header, claims


def check_id_token(claims: dict[str, Any], *, issuer: str, client_id: str, now: float) -> None:
    """Check that an ID token's claims are right for this client at this time (Core 2, 3.1.3.7)."""
    assert claims["iss"] == issuer
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    assert audience == [client_id]
    assert claims.get("azp", client_id) == client_id
    assert claims["iat"] <= now < claims["exp"]
    assert 0 < len(claims["sub"]) <= 255
    assert isinstance(claims.get("auth_time", 0), int)


def hash_of_token(value: str) -> str:
    """Return at_hash or c_hash of a token or code, for algorithms with SHA-256 (Core 3.1.3.6, 3.3.2.11)."""
    left = hashlib.sha256(value.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(left).rstrip(b"=").decode()
