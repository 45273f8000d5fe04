"""Client authentication by private_key_jwt: Authlib's RFC 7523 class, fed with keys that were loaded before.

Ours on top: the algorithm the client registered, one clock with one leeway, a bounded life, and the `jti` used up in
one atomic statement after the signature was found good.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from idp.clients import ClientKeys, Clients, KeysUnavailable
from idp.model import Client
from idp.oauth.signing import LEEWAY
from web.forms import Parameters

METHOD = "private_key_jwt"
LONGEST_ASSERTION = 8192
LONGEST_LIFE = 3600
"""Seconds: an assertion that lives longer would have to be remembered longer."""


@dataclass
class PresentedAssertion:
    """What is known about a client assertion before Authlib checks it, and the claims once it has."""

    client: Client | None = None
    keys: dict[str, Any] = field(default_factory=lambda: {"keys": []})
    unavailable: str | None = None
    claims: dict[str, Any] | None = None


async def load(parameters: Parameters, clients: Clients, client_keys: ClientKeys) -> PresentedAssertion:
    """Load the keys of the client that an assertion names; nothing is trusted yet."""
    presented = PresentedAssertion()
    assertion = parameters.get("client_assertion") or ""
    client = await clients.find(_unverified(assertion, 1).get("sub")) if len(assertion) <= LONGEST_ASSERTION else None
    if client is None:
        return presented
    presented.client = client
    kid = _unverified(assertion, 0).get("kid")
    try:
        document = await client_keys.of(client, kid if isinstance(kid, str) else None)
    except KeysUnavailable as error:
        presented.unavailable = str(error)
        return presented
    presented.keys = {"keys": [dict(key) for key in document["keys"] if _usable(key, client, kid)]}
    return presented


def _unverified(assertion: str, part: int) -> dict[str, Any]:
    try:
        text = assertion.split(".")[part]
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {name: one for name, one in value.items() if isinstance(one, str)}


_KTY = {"ES256": ("EC", "P-256"), "RS256": ("RSA", None), "PS256": ("RSA", None), "EdDSA": ("OKP", "Ed25519")}


def _usable(key: dict[str, Any], client: Client, kid: object) -> bool:
    # A key of an unknown kind makes a whole set unreadable, so only those that could have signed are kept.
    kty, crv = _KTY.get(client.token_endpoint_auth_signing_alg, ("", None))
    return (
        key.get("kty") == kty
        and (crv is None or key.get("crv") == crv)
        and key.get("use", "sig") == "sig"
        and key.get("alg", client.token_endpoint_auth_signing_alg) == client.token_endpoint_auth_signing_alg
        and (kid is None or key.get("kid") == kid)
    )


def _imported(key: dict[str, Any]) -> Key | None:
    # One by one: RFC 7517 5 wants keys that cannot be used passed over, not the whole set refused.
    try:
        return import_key(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # authlib is untyped
    """RFC 7523 section 3 for one request."""

    CLIENT_AUTH_METHOD = METHOD

    def __init__(self, presented: PresentedAssertion, audiences: list[str], now: float) -> None:
        super().__init__(validate_jti=False, leeway=LEEWAY)
        self._presented = presented
        self._audiences = audiences
        self._now = int(now)
        self._registered_alg = ""

    @property
    def verified_claims(self) -> dict[str, Any] | None:
        """The claims, once signature and claims were found good."""
        return self._presented.claims

    def get_audiences(self) -> list[str]:
        """Return what `aud` may be: the issuer or the token endpoint (Core 9)."""
        return self._audiences

    def extract_assertion(self, assertion: str) -> Any:
        """Read the assertion before its signature is checked; its size is bounded and its `sub` a text."""
        if len(assertion) > LONGEST_ASSERTION or not _unverified(assertion, 1).get("sub"):
            raise InvalidClientError(description="The assertion cannot be read.")
        return super().extract_assertion(assertion)

    def resolve_client_public_key(self, client: Any) -> KeySet:
        """Return the keys of that client that were loaded before."""
        if self._presented.unavailable:
            raise InvalidClientError(description="The keys of the client cannot be had.")
        keys = [key for one in self._presented.keys["keys"] if (key := _imported(one)) is not None]
        if not keys:
            raise InvalidClientError(description="The client has published no such key.")
        return KeySet(keys)

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """Check signature and claims (RFC 7523 3) with the registered algorithm alone."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=[self._registered_alg])
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise InvalidClientError(description="The signature of the assertion is not good.") from error
        self.verify_claims(token.claims)
        self._presented.claims = dict(token.claims)
        return token.claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """RFC 7523 3: iss and sub are the client, aud is us, exp soon, jti present."""
        registry = jwt.JWTClaimsRegistry(
            now=self._now,
            leeway=LEEWAY,
            iss={"essential": True, "value": str(claims.get("sub"))},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except (JoseError, TypeError, ValueError) as error:
            raise InvalidClientError(description="A claim of the assertion is not good.") from error
        # Printable: JSON can hold lone surrogates, which no store takes.
        if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= 256 or not claims["jti"].isprintable():
            raise InvalidClientError(description="jti of the assertion is not good.")
        if claims["exp"] > self._now + LONGEST_LIFE:
            raise InvalidClientError(description="exp of the assertion is too far away.")

    def __call__(self, query_client: Any, request: Any) -> Any:
        """Authenticate the client of `request`, with the algorithm that it registered."""
        client_id, subject = request.form.get("client_id"), _unverified(request.form.get("client_assertion") or "", 1)
        if client_id is not None and client_id != subject.get("sub"):
            # RFC 7521 4.2: where client_id is sent too, it names the client that the assertion names.
            raise InvalidClientError(description="client_id is not the subject of the assertion.")
        found = query_client(subject.get("sub"))
        if found is not None:
            self._registered_alg = found.client.token_endpoint_auth_signing_alg
        return super().__call__(query_client, request)
