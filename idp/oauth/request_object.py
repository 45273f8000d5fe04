"""Request objects: parameters in a signed JWT, by value or by reference (Core 6, RFC 9101, FAPI 2.0 Message Signing 5).

An unsigned one says no more than plain parameters do, and is refused; so is an encrypted one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from msgspec.structs import replace

from idp.clients import ClientKeys, KeysUnavailable
from idp.errors import RedirectRefusal
from idp.features import Features
from idp.model import Client, Source
from idp.oauth.client_key_set import keys_for
from idp.oauth.incoming import Incoming
from idp.oauth.signing import LEEWAY, Algorithms, canonical, is_of_kind
from web.base64url import decode
from web.clock import Clock
from web.fetch import Fetcher, FetchRefused
from web.forms import Parameters
from web.strict_json import read_object

LONGEST = 16 * 1024
FETCH_SECONDS = 3.0
LONGEST_LIFE = 3600
"""Seconds between nbf and exp, and the greatest age of nbf (FAPI 2.0 Message Signing 5.3.1)."""
MEDIA_TYPES = ("application/oauth-authz-req+jwt", "application/jwt")
TYPES = frozenset({"jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"})
"""Values of `typ`, in lower case; a JWT made for something else names another one (RFC 8725 3.11)."""
_NO_PARAMETERS = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub"})
_OUTSIDE = frozenset({"request", "request_uri"})
RECOGNIZED = frozenset({
    "acr_values", "claims", "client_id", "code_challenge", "code_challenge_method", "dpop_jkt", "id_token_hint",
    "login_hint", "max_age", "nonce", "prompt", "redirect_uri", "registration", "resource", "response_mode",
    "response_type", "scope", "state", "ui_locales",
})  # fmt: skip
"""The parameters that the checks of an authorization request look at."""


def _invalid(public: str, reason: str = "") -> RedirectRefusal:
    return RedirectRefusal("invalid_request_object", public, reason=reason)


@dataclass(frozen=True)
class RequestObjects:
    """Opens the request object of a request, if it has one."""

    features: Features
    client_keys: ClientKeys
    fetcher: Fetcher
    clock: Clock
    issuer: str

    async def opened(self, incoming: Incoming) -> Incoming:
        """Return the request with the object's parameters in their place. Raises RedirectRefusal."""
        by_value, by_reference = incoming.parameters.get("request"), incoming.parameters.get("request_uri")
        if incoming.opened or (by_value is None and by_reference is None):
            return incoming
        # Core 6: what is not supported is refused with its own error, never ignored.
        if by_value is not None and not self.features.request_parameter:
            raise RedirectRefusal("request_not_supported", "The parameter request is not supported.")
        if by_reference is not None and not self.features.request_uri_parameter:
            raise RedirectRefusal("request_uri_not_supported", "The parameter request_uri is not supported.")
        if by_value is not None and by_reference is not None:
            raise RedirectRefusal("invalid_request", "request and request_uri exclude each other.")
        token = by_value if by_value is not None else await self._fetched(incoming.client, str(by_reference))
        parameter = "request" if by_value is not None else "request_uri"
        inner = _parameters(await self._claims(incoming.client, token, parameter))
        return self._merged(incoming, inner)

    async def _fetched(self, client: Client, uri: str) -> str:
        """Return the object behind a request_uri that the client registered (RFC 9101 5.2, Registration 2)."""
        registered = {one.partition("#")[0] for one in client.request_uris}
        if uri.partition("#")[0] not in registered:
            raise RedirectRefusal("invalid_request_uri", "This request_uri is not registered for this client.")
        try:
            body = await self.fetcher.get(
                uri.partition("#")[0],
                limit=LONGEST,
                seconds=FETCH_SECONDS,
                media_types=MEDIA_TYPES,
                trusted=not client.registered,
            )
            return body.decode("ascii").strip()
        except FetchRefused as refused:
            public = "The request_uri cannot be fetched."
            raise RedirectRefusal("invalid_request_uri", public, reason=str(refused)) from refused
        except UnicodeDecodeError as error:
            raise _invalid("The request object is no JWT.") from error

    async def _claims(self, client: Client, token: str, parameter: str) -> dict[str, Any]:
        """Return the claims of the object once signature and claims were found good; `parameter` brought it."""
        header = _header(token)
        alg = canonical(header.get("alg"))
        if alg == "none" and not client.fapi2:
            # Core 3.1.2.6: each way in has a code of its own.
            raise RedirectRefusal(f"{parameter}_not_supported", "Unsigned request objects are not supported.")
        if alg not in self._algorithms(client):
            raise _invalid("The algorithm of the request object is not the registered one, or not supported.")
        kid = header.get("kid")
        try:
            document = await self.client_keys.of(client, kid if isinstance(kid, str) else None)
        except KeysUnavailable as error:
            raise _invalid("The keys of the client cannot be had.", str(error)) from error
        keys = keys_for(document, alg, kid)
        if keys is None:
            raise _invalid("The client has published no key that can have signed the request object.")
        try:
            claims = jwt.decode(token, keys, registry=Algorithms([alg])).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _invalid("The signature of the request object is not good.", type(error).__name__) from error
        self._check(client, claims)
        return claims

    def _algorithms(self, client: Client) -> tuple[str, ...]:
        if client.request_object_signing_alg is not None:
            return (client.request_object_signing_alg,)
        # FAPI 2.0 Security Profile 5.4: no RS256.
        return tuple(alg for alg in self.features.request_object_algs if not (client.fapi2 and alg == "RS256"))

    def _check(self, client: Client, claims: Mapping[str, Any]) -> None:
        signed = client.require_signed_request_object
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss", None if signed else client.client_id) != client.client_id:
            raise _invalid("iss of the request object is not the client.")
        if (audience is not None or signed) and self.issuer not in audiences:
            raise _invalid("aud of the request object is not this issuer.")
        if claims.get("sub") == client.client_id:
            # RFC 9101 10.8: else a client assertion could be taken for a request.
            raise _invalid("sub of the request object is the client.")
        if claims.get("client_id") != client.client_id:
            raise _invalid("client_id of the request object is missing or another one.")
        if _OUTSIDE & set(claims):
            raise _invalid("A request object cannot hold request or request_uri.")
        self._check_times(claims, required=signed)

    def _check_times(self, claims: Mapping[str, Any], *, required: bool) -> None:
        now = self.clock()
        times: dict[str, float] = {}
        for name in ("exp", "nbf", "iat"):
            value = claims.get(name)
            if value is None:
                if required and name != "iat":
                    raise _invalid(f"{name} of the request object is missing.")
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
                raise _invalid(f"{name} of the request object is no time.")
            times[name] = float(value)
        if times.get("exp", now + 1) <= now - LEEWAY:
            raise _invalid("The request object has expired.")
        if max(times.get("nbf", now), times.get("iat", now)) > now + LEEWAY:
            raise _invalid("The request object is not valid yet.")
        # So that nbf is no more than an hour ago either: exp is not over.
        if required and times["exp"] - times["nbf"] > LONGEST_LIFE:
            raise _invalid("The request object lives for more than an hour.")

    def _merged(self, incoming: Incoming, inner: Parameters) -> Incoming:
        """Put the object's parameters in the place of those outside.

        RFC 9101 6.3: a client that signs every request has nothing outside that counts. Else those outside that the
        object does not name count too, and response_type must not differ (Core 6.1).
        """
        outer = incoming.parameters
        if incoming.client.require_signed_request_object:
            return replace(incoming, parameters=inner, source="object", opened=True)
        named = {name for name, _ in inner.pairs}
        outside, inside = outer.get("response_type"), inner.get("response_type")
        if outside is not None and inside is not None and outside != inside:
            raise RedirectRefusal("invalid_request", "response_type differs from that of the request object.")
        rest = tuple((name, value) for name, value in outer.pairs if name not in named and name not in _OUTSIDE)
        source: Source = "object" if not {name for name, _ in rest} - {"client_id"} else "plain"
        return replace(incoming, parameters=Parameters((*rest, *inner.pairs)), source=source, opened=True)


def _header(token: str) -> dict[str, Any]:
    """Return the header of a signed compact JWT, unverified; its size and spelling are bounded."""
    if len(token) > LONGEST:
        raise _invalid("The request object is too long.")
    if token.count(".") == 4:
        raise _invalid("Encrypted request objects are not supported.")
    try:
        head, payload, signature = token.split(".")
        # One spelling each: what differs from it has another hash but the same meaning.
        header = read_object(decode(head))
        read_object(decode(payload))
        decode(signature)
    except ValueError as error:
        raise _invalid("The request object is no signed JWT.") from error
    if not is_of_kind(header, TYPES):
        raise _invalid("typ of the request object is that of another kind of JWT.")
    if "crit" in header:
        # RFC 7515 4.1.11: an extension that has to be understood is not, whichever it is.
        raise _invalid("The header of the request object cannot be used.")
    return header


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """Return the claims as the parameters they stand for (Core 6.1: numbers and objects come as JSON).

    One that we do not recognize is ignored whatever it holds (RFC 6749 3.1, RFC 9101 4).
    """
    pairs: list[tuple[str, str]] = []
    for name, value in claims.items():
        if name in _NO_PARAMETERS:
            continue
        values = value if name == "resource" and isinstance(value, list) else [value]
        for one in values:
            text = _text(one)
            if text is None or any(ord(char) < 32 or ord(char) == 127 for char in name + text):
                if name not in RECOGNIZED:
                    continue
                raise _invalid("A parameter in the request object is not of its form.")
            if text:
                pairs.append((name, text))
    return Parameters(tuple(pairs))


def _text(value: object) -> str | None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return None
        return value
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18 else None
