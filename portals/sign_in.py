"""The relying party: what this portal says to the provider to sign a person in; the only importer of authlib here.

As FAPI 2.0 wants it (Security Profile 5.3.3): the authorization request is pushed, tokens are bound to a key. Authlib's
client builds the request, authenticates, exchanges the code and refreshes. What it lacks is added around it: pushing
(RFC 9126), proofs of the key (proving.py), `iss` in responses (callback.py), metadata that expires (provider.py), ID
tokens judged by verdict.judge.
One client serves every request, which keeps connections open; Authlib's Starlette app makes one per call, and drops
the state of one tab when another begins.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.jwk import ECKey

from portals import clocks
from portals.client_key import ALG
from portals.errors import Problem, ProviderUnreachable
from portals.levels import acr
from portals.outbound import SECONDS
from portals.portal import SIGN_IN_SCOPE, Portal
from portals.provider import Provider
from portals.proving import Prover
from portals.stores.flows import FLOW_SECONDS, Flow
from web.clock import Clock

# Authlib prints tokens, codes and verifiers at DEBUG.
logging.getLogger("authlib").setLevel(logging.WARNING)

ASSERTION_SECONDS = 60
AUTH_METHOD = "private_key_jwt"
FORM = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
NOT_NOW = frozenset({"server_error", "temporarily_unavailable"})


class RefreshRefused(Exception):
    """The provider refused a refresh token: the session's tokens cannot be renewed."""


@dataclass(frozen=True)
class TokenAnswer:
    """A token endpoint's answer, its types checked (RFC 6749 5.1); `ends_at` in epoch seconds."""

    access_token: str
    ends_at: float
    scope: str | None
    id_token: str | None
    refresh_token: str | None


class _ShortPrivateKeyJWT(PrivateKeyJWT):  # type: ignore[misc]
    """Authlib's private_key_jwt with our lifetime and clock: its own are an hour and the system's."""

    def __init__(self, issuer: str, kid: str, clock: Clock) -> None:
        super().__init__(token_endpoint=issuer, headers={"kid": kid}, alg=ALG)
        self._clock = clock

    def __call__(self, auth: Any, method: str, uri: str, headers: Any, body: bytes) -> Any:
        """Add the assertion to the body, as text: of bytes Authlib can read only those that say ASCII."""
        return super().__call__(auth, method, uri, headers, body.decode())

    def sign(self, auth: Any, token_endpoint: str) -> str:
        """Return a fresh assertion; `aud` is the issuer (RFC 7523 3, as FAPI 2.0 5.3.3.1 narrows it)."""
        signed: str = private_key_jwt_sign(
            auth.client_secret,
            client_id=auth.client_id,
            token_endpoint=self.token_endpoint,
            alg=self.alg,
            header=dict(self.headers),
            issued_at=int(self._clock()),
            expires_in=ASSERTION_SECONDS,
        )
        return signed


class SignIn:
    """Authorization requests, code exchange, refresh and userinfo of one portal."""

    def __init__(
        self,
        portal: Portal,
        provider: Provider,
        key: ECKey,
        prover: Prover,
        transport: httpx2.AsyncBaseTransport,
        clock: Clock,
    ) -> None:
        self._portal = portal
        self._provider = provider
        self._prover = prover
        self._clock = clock
        self._client = AsyncOAuth2Client(
            client_id=portal.client_id,
            client_secret=key,
            token_endpoint_auth_method=AUTH_METHOD,
            code_challenge_method="S256",
            transport=transport,
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,
        )
        self._client.register_client_auth_method(_ShortPrivateKeyJWT(provider.issuer, str(key.kid), clock))

    async def begin(
        self,
        browser: str,
        target: str,
        *,
        ui_locales: str,
        login_hint: str | None = None,
        item: str | None = None,
    ) -> tuple[str, Flow]:
        """Push an authorization request; return the URL that begins it and the flow to remember. Raises Problem.

        `item` adds that item's scopes and asks for its level.
        """
        metadata = await self._provider.metadata()
        wanted = self._portal.item(item)
        scope = " ".join(dict.fromkeys((*SIGN_IN_SCOPE, *(wanted.needs if wanted else ()))))
        now = self._clock()
        flow = Flow(
            state=secrets.token_urlsafe(32),
            browser=browser,
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            scope=scope,
            target=target,
            item=wanted.code if wanted else None,
            started_at=now,
            ends_at=now + FLOW_SECONDS,
        )
        url, _ = self._client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=flow.state,
            # RFC 9449 10: what comes of this request is of no use to whoever has another key. At /par the name of the
            # key is enough (10.1), and with the answer comes the nonce for the proof at /token.
            dpop_jkt=self._prover.jkt,
            code_verifier=flow.code_verifier,
            redirect_uri=self._portal.redirect_uri,
            scope=scope,
            nonce=flow.nonce,
            resource=self._portal.audience,
            ui_locales=ui_locales,
            login_hint=login_hint,
            acr_values=acr(wanted.level) if wanted else None,
        )
        pushed = {"client_id": self._portal.client_id, "request_uri": await self._push(metadata, urlsplit(url).query)}
        return f"{metadata['authorization_endpoint']}?{urlencode(pushed)}", flow

    async def redeem(self, flow: Flow, code: str) -> TokenAnswer:
        """Exchange `code` (RFC 6749 4.1.3, RFC 7636 4.5). Raises Problem."""
        try:
            return await self._token(
                grant_type="authorization_code",
                code=code,
                redirect_uri=self._portal.redirect_uri,
                code_verifier=flow.code_verifier,
            )
        except OAuthError as error:
            code = "code_refused" if error.error == "invalid_grant" else "provider_refused"
            raise Problem(code, f"The token endpoint answered {error.error}: {error.description}") from error

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Renew a session's tokens (RFC 6749 6). Raises RefreshRefused, ProviderUnreachable."""
        try:
            return await self._token(
                grant_type="refresh_token", refresh_token=refresh_token, resource=self._portal.audience
            )
        except OAuthError as error:
            reason = f"The token endpoint answered {error.error}: {error.description}"
            # Anything else is about this portal, not about the session, and may pass.
            raise (RefreshRefused if error.error == "invalid_grant" else ProviderUnreachable)(reason) from error

    async def userinfo(self, access_token: str, sub: str) -> Mapping[str, Any]:
        """Return what the provider releases about `sub` (OpenID Connect Core 5.3). Raises Problem."""
        metadata = await self._provider.metadata()
        presented = self._prover.presents(access_token)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._client.request(
                    "GET", metadata["userinfo_endpoint"], headers={"accept": "application/json"}, auth=presented
                )
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            found = answer.json()
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderUnreachable(f"userinfo: {type(error).__name__}: {error}") from error
        # Core 5.3.2: a sub that differs from the ID token's means another person's answer.
        if not isinstance(found, dict) or found.get("sub") != sub:
            raise Problem("userinfo_refused", "userinfo has another sub than the ID token", status=502)
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _push(self, metadata: Mapping[str, str], request: str) -> str:
        """Push `request`, a query, and return the request_uri that stands for it (RFC 9126 2). Raises Problem."""
        endpoint, auth = metadata["pushed_authorization_request_endpoint"], self._client.client_auth(AUTH_METHOD)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._client.request("POST", endpoint, content=request, headers=FORM, auth=auth)
            self._prover.listen(answer)
            if answer.status_code >= 500:
                raise ValueError(f"status {answer.status_code}")
            found, told = answer.json(), "request_uri" if answer.status_code == 201 else "error"
            if not isinstance(found, dict) or not isinstance(found.get(told), str):
                raise ValueError(f"status {answer.status_code} without {told}")
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderUnreachable(f"PAR endpoint: {type(error).__name__}: {error}") from error
        if told == "error":
            reason = f"The PAR endpoint answered {found[told]}: {found.get('error_description')}"
            if found[told] in NOT_NOW:
                raise ProviderUnreachable(reason)
            ahead = clocks.off_by(answer, self._clock())
            if ahead:
                raise Problem("clock_wrong", f"{reason}; {clocks.in_words(ahead)}", status=503)
            raise Problem("provider_refused", reason)
        return str(found[told])

    async def _token(self, **parameters: str) -> TokenAnswer:
        metadata = await self._provider.metadata()
        auth = self._prover.authenticates(self._client.client_auth(AUTH_METHOD))
        try:
            async with asyncio.timeout(SECONDS):
                found = await self._client.fetch_token(metadata["token_endpoint"], auth=auth, **parameters)
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderUnreachable(f"token endpoint: {type(error).__name__}: {error}") from error
        return _checked(dict(found), self._clock())


def _checked(found: dict[str, Any], now: float) -> TokenAnswer:
    access_token, seconds = found.get("access_token"), found.get("expires_in")
    # RFC 9449 5: another type would be a token that anybody can use.
    if not isinstance(access_token, str) or str(found.get("token_type")).lower() != "dpop":
        raise ProviderUnreachable("The token endpoint's answer has no DPoP access_token.")
    texts = {name: found.get(name) for name in ("scope", "id_token", "refresh_token")}
    if any(value is not None and not isinstance(value, str) for value in texts.values()):
        raise ProviderUnreachable("The token endpoint's answer has members of the wrong type.")
    lifetime = seconds if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0 else 0
    return TokenAnswer(access_token=access_token, ends_at=now + lifetime, **texts)
