"""Client authentication by private_key_jwt or client_secret_jwt: Authlib's RFC 7523 class, fed with loaded keys.

Ours on top: the algorithm the client registered, the audience its profile demands, one clock with one leeway, and a
bounded life. The `jti` is used up by who called, once the signature was found good.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from idp.model import Client
from idp.oauth.client_key_set import keys_for
from idp.oauth.derived_secrets import CLIENT_SECRET_JWT
from idp.oauth.signing import LEEWAY, Algorithms, canonical, is_of_kind
from web.base64url import decode
from web.strict_json import read_object

PRIVATE_KEY_JWT = "private_key_jwt"
LONGEST_ASSERTION = 8192
LONGEST_LIFE = 3600
"""Seconds: an assertion that lives longer would have to be remembered longer; LEEWAY comes on top (fast clocks)."""
TYPES = frozenset({"jwt", "client-authentication+jwt", "application/client-authentication+jwt"})
"""Values of `typ`, in lower case; a JWT that a client signed for something else names another one (RFC 8725 3.11)."""


@dataclass(frozen=True)
class Shown:
    """An assertion as it came: its parts are read, to find client and key, and not believed."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> Shown:
        """Return what can be read of it; of what is no signed JWT, or too long, nothing."""
        try:
            if len(text) > LONGEST_ASSERTION:
                raise ValueError("too long")
            head, payload, _ = text.split(".")
            header, claims = read_object(decode(head)), read_object(decode(payload))
            if "crit" in header:
                # RFC 7515 4.1.11: an extension that has to be understood is not, whichever it is.
                raise ValueError("crit")
            if not is_of_kind(header, TYPES):
                # A request object passes through the browser; whoever saw one must not become the client by it.
                raise ValueError("typ")
        except ValueError:
            return cls(text, {}, {})
        return cls(text, header, claims)

    @property
    def subject(self) -> str | None:
        """The client that it is said to be of."""
        sub = self.claims.get("sub")
        return sub if isinstance(sub, str) and sub.isprintable() else None

    @property
    def method(self) -> str:
        """The method that it is of (OpenID Connect Core 9): who signs with an HMAC signs with the client_secret."""
        return CLIENT_SECRET_JWT if str(self.header.get("alg")).startswith("HS") else PRIVATE_KEY_JWT

    @property
    def kid(self) -> str | None:
        """The key that it is said to be signed with."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # authlib is untyped
    """RFC 7523 section 3 for one request; `claims` are set once signature and claims were found good."""

    def __init__(
        self,
        shown: Shown,
        client: Client,
        keys: Mapping[str, Any] | OctKey,
        algorithms: Collection[str],
        audiences: list[str],
        now: float,
    ) -> None:
        super().__init__(validate_jti=False, leeway=LEEWAY)
        self.CLIENT_AUTH_METHOD = shown.method
        self._shown = shown
        self._client = client
        self._keys = keys
        self._alg = canonical(shown.header.get("alg"))
        self._algorithms = algorithms
        self._audiences = audiences
        self._now = int(now)
        self.claims: dict[str, Any] | None = None

    def get_audiences(self) -> list[str]:
        """Return what `aud` may be: the issuer, and for OpenID Connect clients the endpoint (Core 9, RFC 9126 2)."""
        return self._audiences

    def extract_assertion(self, assertion: str) -> Any:
        """Return header and claims, which were read before; the signature is checked later."""
        return self._shown.header, self._shown.claims

    def resolve_client_public_key(self, client: Any) -> KeySet | OctKey:
        """Return what was loaded before and can have signed: the secret, or those of the client's keys."""
        if self._alg not in self._algorithms:
            raise InvalidClientError(description="The assertion is not signed with the registered algorithm.")
        if isinstance(self._keys, OctKey):
            return self._keys
        keys = keys_for(self._keys, self._alg, self._shown.header.get("kid"))
        if keys is None:
            raise InvalidClientError(description="The client has published no such key.")
        return keys

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """Check signature and claims (RFC 7523 3) with the algorithm that the header names and the client may use."""
        try:
            token = jwt.decode(assertion, resolve_key, registry=Algorithms(self._algorithms))
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise InvalidClientError(description="The signature of the assertion is not good.") from error
        self.verify_claims(token.claims)
        self.claims = dict(token.claims)
        return token.claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """RFC 7523 3: iss and sub are the client, aud is us, exp soon, jti present."""
        registry = jwt.JWTClaimsRegistry(
            now=self._now,
            leeway=LEEWAY,
            iss={"essential": True, "value": self._client.client_id},
            sub={"essential": True, "value": self._client.client_id},
            aud={"essential": True, "values": self._audiences},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except (JoseError, TypeError, ValueError) as error:
            # Which one helps whoever signed it: most often a clock is wrong, and it is iat or exp.
            claim = getattr(error, "claim", None)
            which = f": {claim}." if claim in claims else "."
            raise InvalidClientError(description=f"A claim of the assertion is not good{which}") from error
        # joserfc has seen to a text that is not empty. Printable: JSON can hold lone surrogates, which no store takes.
        if len(claims["jti"]) > 256 or not claims["jti"].isprintable():
            raise InvalidClientError(description="jti of the assertion is not good.")
        if claims["exp"] > self._now + LONGEST_LIFE + LEEWAY:
            raise InvalidClientError(description="exp of the assertion is too far away.")
        if self._client.fapi2 and not isinstance(claims["aud"], str):
            # FAPI 2.0 Security Profile 5.3.2.1: the issuer as a string, so that it is meant for nobody else.
            raise InvalidClientError(description="aud of the assertion is not a string.")
