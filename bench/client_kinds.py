"""The kinds of client whose requests are measured: what each registers, and how it asks for a code and redeems it.

A new kind is one more subclass in KINDS; a provider whose metadata says it cannot serve a kind is not asked to.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300

Metadata = Mapping[str, Any]


class ClientKind(ABC):
    """A confidential client; what is the same for all kinds is what the portals of the repository register."""

    name: str

    @property
    def client_id(self) -> str:
        """Its name as a folder and a host have it."""
        return self.name.replace("_", "-")

    @property
    def redirect_uri(self) -> str:
        """Where its codes go; nobody listens there."""
        return f"http://{self.client_id}.localhost/callback"

    def table(self) -> dict[str, Any]:
        """Return its [client] table (RFC 7591)."""
        return {
            "client_name": self.client_id,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "id_token_signed_response_alg": "ES256",
            "subject_type": "pairwise",
            "scope": "openid profile",
            "legal_basis": "legal_duty",
            **self.credentials(),
        }

    def authorization_request(self, metadata: Metadata, parameters: Mapping[str, str]) -> httpx.Request:
        """Return the browser's request that asks for a code (RFC 6749 4.1.1)."""
        return httpx.Request("GET", f"{metadata['authorization_endpoint']}?{urlencode(parameters)}")

    @abstractmethod
    def served_by(self, metadata: Metadata) -> bool:
        """Tell whether the provider knows this kind."""

    @abstractmethod
    def credentials(self) -> dict[str, Any]:
        """Return the part of the [client] table that says how the client proves who it is."""

    @abstractmethod
    def token_request(self, metadata: Metadata, form: Mapping[str, str]) -> httpx.Request:
        """Return a token request with this client's proofs, each made anew."""


class PrivateKeyJwt(ClientKind):
    """private_key_jwt (Core 9) and Bearer tokens, as the portals do it."""

    name = "private_key_jwt"

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "bench-1", "use": "sig", "alg": "ES256"})

    def served_by(self, metadata: Metadata) -> bool:
        """Look for the method in the metadata."""
        return self.name in metadata["token_endpoint_auth_methods_supported"]

    def credentials(self) -> dict[str, Any]:
        """Register the public key."""
        return {
            "token_endpoint_auth_method": self.name,
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": {"keys": [self._key.as_dict(private=False)]},
        }

    def token_request(self, metadata: Metadata, form: Mapping[str, str]) -> httpx.Request:
        """Add an assertion (RFC 7523 2.2)."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": metadata["issuer"],
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        proof = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode({"alg": "ES256", "kid": "bench-1"}, claims, self._key),
        }
        return httpx.Request("POST", metadata["token_endpoint"], data={**form, **proof})


KINDS: tuple[type[ClientKind], ...] = (PrivateKeyJwt,)
