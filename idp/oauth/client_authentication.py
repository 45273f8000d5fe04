"""Who is asking: one method of client authentication per request, the one that the client registered (RFC 6749 2.3).

Assertions are checked by Authlib. Secrets are not: it leaves `+` in user and password as it is, takes what is no UTF-8
for an error of its own, and takes longer than the comparison that it is about.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from joserfc.jwk import OctKey
from msgspec import Struct
from starlette.datastructures import Headers

from idp.clients import ClientKeys, Clients, KeysUnavailable
from idp.errors import TokenRefusal, ascii_text
from idp.features import Features
from idp.model import Client
from idp.oauth.client_assertion import ClientAssertion, Shown
from idp.oauth.derived_secrets import CLIENT_SECRET_JWT, DerivedSecrets
from idp.oauth.request import BodyRequest, BridgedClient
from idp.oauth.secret_hash import hash_of, matches
from idp.oauth.signing import canonical
from idp.stores.protocols import Assertions, Once
from web.clock import Clock
from web.forms import Parameters

NOBODYS = hash_of(secrets.token_urlsafe(32))
"""The hash of a secret that nobody has."""


@dataclass(frozen=True)
class Credentials:
    """How a request says who sends it: the method, the client that it names, and what is to prove it."""

    method: str
    client_id: str | None
    secret: str | None = field(default=None, repr=False)
    assertion: Shown | None = None


def credentials(parameters: Parameters, headers: Headers) -> Credentials:
    """Return the one way in which the request authenticates its client. Raises TokenRefusal if there are two."""
    authorization = headers.getlist("authorization")
    secret, assertion = parameters.get("client_secret"), parameters.get("client_assertion")
    by_assertion = assertion is not None or parameters.get("client_assertion_type") is not None
    if len(authorization) + (secret is not None) + by_assertion > 1:
        # RFC 6749 2.3: a client uses one method per request.
        raise TokenRefusal("invalid_request", "More than one way of client authentication is used.")
    if authorization:
        client_id, password = _basic(authorization[0])
        return Credentials("client_secret_basic", client_id, password)
    if by_assertion:
        shown = Shown.read(assertion or "")
        return Credentials(shown.method, shown.subject, assertion=shown)
    if secret is not None:
        return Credentials("client_secret_post", parameters.get("client_id"), secret)
    return Credentials("none", parameters.get("client_id"))


def _basic(header: str) -> tuple[str | None, str | None]:
    """Return user and password, each form-urlencoded on its way (RFC 6749 2.3.1, RFC 7617 2)."""
    scheme, _, token = header.partition(" ")
    try:
        user, colon, password = b64decode(token.strip(), validate=True).decode("utf-8").partition(":")
        if scheme.lower() != "basic" or not colon:
            return None, None
        return unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
    except ValueError:
        return None, None


class Authenticated(Struct, frozen=True):
    """A client that proved who it is; `once` is its assertion, which is not used up yet."""

    client: Client
    once: Once | None = None


@dataclass(frozen=True)
class ClientAuthenticator:
    """Authenticates the client of a request at /token, /par, /introspect or /revoke."""

    clients: Clients
    client_keys: ClientKeys
    assertions: Assertions
    features: Features
    issuer: str
    clock: Clock
    derived_secrets: DerivedSecrets

    async def authenticated(self, parameters: Parameters, headers: Headers, path: str) -> Client:
        """Return the client, the `jti` of its assertion used up. Raises TokenRefusal, invalid_client above all."""
        found = await self.proven(parameters, headers, path)
        await self.use_up(found)
        return found.client

    async def proven(self, parameters: Parameters, headers: Headers, path: str) -> Authenticated:
        """Return the client before its assertion is used up, for whoever may still ask for the same request again."""
        repeated = sorted(parameters.repeated() - {"resource"})
        if repeated:
            raise TokenRefusal("invalid_request", f"The parameter {repeated[0][:40]} is repeated.")
        shown = credentials(parameters, headers)
        try:
            if shown.method not in self.features.client_auth_methods:
                raise InvalidClientError(description=f"{shown.method} is not offered here.")
            named = parameters.get("client_id")
            if named is not None and named != shown.client_id:
                # RFC 7521 4.2: where client_id is sent too, it names the client that is authenticated.
                raise InvalidClientError(description="client_id names another client than the credentials do.")
            return await self._proven(shown, parameters, path)
        except InvalidClientError as error:
            raise _refusal(error, challenge="authorization" in headers) from error

    async def use_up(self, found: Authenticated) -> None:
        """Use up the `jti` of the assertion, if there is one (RFC 7523 3, item 7). Raises TokenRefusal."""
        if found.once is not None and not await self.assertions.use(*found.once):
            raise used_before()

    async def _proven(self, shown: Credentials, parameters: Parameters, path: str) -> Authenticated:
        client = await self.clients.find(shown.client_id)
        if shown.assertion is None:
            return Authenticated(_by_secret(client, shown))
        if client is None:
            raise InvalidClientError(description="There is no such client.")
        methods = ClientAuthentication(lambda client_id: BridgedClient(client))
        assertion = await self._assertion(shown.assertion, client, self.issuer + path)
        methods.register(shown.method, assertion)
        found: BridgedClient = methods(BodyRequest(self.issuer + path, parameters), [shown.method])
        assert assertion.claims is not None
        claims = assertion.claims
        return Authenticated(found.client, (found.client.client_id, claims["jti"], float(claims["exp"])))

    async def _assertion(self, shown: Shown, client: Client, url: str) -> ClientAssertion:
        # FAPI 2.0 Security Profile 5.3.2.1: the issuer alone; else the endpoint's address too (Core 9, RFC 9126 2).
        audiences = [self.issuer] if client.fapi2 else [self.issuer, f"{self.issuer}/token", url]
        keys = self._secret_of(client) if shown.method == CLIENT_SECRET_JWT else await self._keys_of(client, shown)
        return ClientAssertion(shown, client, keys, self._algorithms(client, shown), audiences, self.clock())

    async def _keys_of(self, client: Client, shown: Shown) -> Mapping[str, Any]:
        try:
            return await self.client_keys.of(client, shown.kid)
        except KeysUnavailable as error:
            raise InvalidClientError(description=f"The keys of the client cannot be had. {error}") from error

    def _secret_of(self, client: Client) -> OctKey:
        secret = self.derived_secrets.of(client.client_id)
        if client.token_endpoint_auth_method != CLIENT_SECRET_JWT or not matches(secret, client.secret_hash):
            raise InvalidClientError(description="The client is not registered for client_secret_jwt.")
        return OctKey.import_key(secret)

    def _algorithms(self, client: Client, shown: Shown) -> frozenset[str]:
        if shown.method == CLIENT_SECRET_JWT:
            return frozenset(self.features.client_secret_algs)
        # OpenID Registration 2: one that registered none may use whichever is supported.
        registered = client.token_endpoint_auth_signing_alg
        allowed = {canonical(registered)} if registered else {canonical(one) for one in self.features.client_auth_algs}
        # FAPI 2.0 Security Profile 5.4.1: ES256, PS256 and EdDSA.
        return frozenset(allowed - {"RS256"} if client.fapi2 else allowed)


def _by_secret(client: Client | None, shown: Credentials) -> Client:
    """Return the client if the secret is its own, or if it is one that has none and shows none."""
    if shown.method == "none":
        good = True
    else:
        # A client that there is not, or that has no secret, takes as long to be refused as a wrong secret.
        kept = client.secret_hash if client is not None else None
        good = matches(shown.secret or "", kept or NOBODYS)
    if client is None or not good or client.token_endpoint_auth_method != shown.method:
        raise InvalidClientError(description=f"The client cannot authenticate by {shown.method}.")
    return client


def used_before() -> TokenRefusal:
    """Return the refusal of an assertion that was used before (RFC 7523 3, item 7)."""
    return _refusal(InvalidClientError(description="The jti of the assertion was used before."), challenge=False)


def _refusal(error: InvalidClientError, *, challenge: bool) -> TokenRefusal:
    # One text for every cause, so that nobody learns which clients exist; the log has the reason.
    reason = ascii_text(error.description or "")
    # RFC 6749 5.2: a challenge is for those who tried by that header.
    headers = {"www-authenticate": 'Basic realm="manyou"'} if challenge else {}
    return TokenRefusal("invalid_client", "Client authentication failed.", reason=reason, status=401, headers=headers)
