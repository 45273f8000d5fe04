"""A request at /token, /introspect or /revoke: load, check, use up once, mint, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from starlette.datastructures import Headers

from idp.audit import Auditor, Event
from idp.errors import TokenRefusal, ascii_text
from idp.model import Client, Grant, RefreshToken
from idp.oauth import authorization_code, client_authentication, proofs
from idp.oauth.access_token import AccessTokens, Inactive
from idp.oauth.client_authentication import ClientAuthenticator
from idp.oauth.proofs import Proofs
from idp.oauth.request import BridgedClient, BridgedRequest, Loaded
from idp.oauth.secret_hash import hash_of
from idp.oauth.server import Server
from idp.people.sign_outs import Reason, SignOuts
from idp.stores.protocols import Stores
from web import base64url
from web.clock import Clock
from web.dpop import Proof
from web.forms import Parameters

Answer = dict[str, Any]
ISSUED = ("access_token", "id_token", "refresh_token")


@dataclass(frozen=True)
class TokenEndpoint:
    """What the endpoints that a client calls directly share; `refresh_seconds` to `idle_seconds` are lifetimes."""

    server: Server
    stores: Stores
    client_authenticator: ClientAuthenticator
    proofs: Proofs
    access_tokens: AccessTokens
    sign_outs: SignOuts
    auditor: Auditor
    clock: Clock
    issuer: str
    refresh_seconds: float
    offline_seconds: float
    idle_seconds: float

    async def token(self, parameters: Parameters, headers: Headers) -> tuple[Answer, dict[str, str]]:
        """Answer a token request (RFC 6749 4.1.3, 6), with headers for the answer. Raises TokenRefusal."""
        if parameters.get("grant_type") is None:
            raise TokenRefusal("invalid_request", "grant_type is missing.")
        client, proof = await self.authenticated_with_proof(parameters, headers, "/token")
        loaded = Loaded(self.clock(), BridgedClient(client), proof.jkt if proof is not None else None)
        check, mint = self._grant_type(parameters, loaded)
        self._check_proof_is_there(client, proof)
        await self._load_grant(parameters, loaded)
        try:
            check()
        except TokenRefusal:
            await self._punish_reuse(loaded)
            raise
        if loaded.granted and any(one != loaded.granted.resource for one in parameters.all("resource")):
            # RFC 8707 2.2: what was not granted cannot be asked for here.
            raise TokenRefusal("invalid_target", "That resource was not granted.")
        refresh_token = await self._use_up(loaded)
        answer = mint()
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        kinds = [kind for kind in ISSUED if kind in answer]
        self.auditor.issued(client.client_id, parameters.get("grant_type") or "", kinds)
        return answer, self.proofs.headers() if proof is not None else {}

    async def introspect(self, parameters: Parameters, headers: Headers) -> Answer:
        """Answer an introspection request (RFC 7662 2). Raises TokenRefusal."""
        request = await self._token_in_question(parameters, headers, "/introspect")
        return await self._authlib_endpoint("introspection", request)

    async def revoke(self, parameters: Parameters, headers: Headers) -> Answer:
        """Answer a revocation request (RFC 7009 2). Raises TokenRefusal."""
        request = await self._token_in_question(parameters, headers, "/revoke")
        answer = await self._authlib_endpoint("revocation", request)
        loaded = request.loaded
        if loaded.refresh_token is not None:
            # RFC 7009 2.1: with a refresh token goes all that came of the grant; the portal's session rests on it.
            grant = loaded.refresh_token.grant
            await self.stores.grants.revoke(grant.grant_id, loaded.now)
            await self.sign_outs.sids([grant.sid], Reason.FAMILY_REVOKED)
            await self.auditor.record(Event.TOKEN_REVOKED, client_id=grant.client_id, kind="refresh_token")
        elif loaded.access_token is not None:
            await self.access_tokens.revoke(loaded.access_token)
            client_id = loaded.access_token.grant.client_id
            await self.auditor.record(Event.TOKEN_REVOKED, client_id=client_id, kind="access_token")
        return answer

    async def authenticated_with_proof(
        self, parameters: Parameters, headers: Headers, path: str
    ) -> tuple[Client, Proof | None]:
        """Return the client that sends this request and the DPoP proof beside it, assertion and proof used up.

        Neither is used up before both are good: a client that is told the nonce sends its request once more, with the
        assertion that it has (RFC 9449 8). Raises TokenRefusal.
        """
        found = await self.client_authenticator.proven(parameters, headers, path)
        proof = self.proofs.read(headers, method="POST", url=self.issuer + path)
        if proof is None:
            await self.client_authenticator.use_up(found)
        elif found.once is None:
            await self.proofs.use_up(proof)
        else:
            new, fresh = await self.stores.assertions.use_both(found.once, proofs.once(proof))
            if not new:
                raise client_authentication.used_before()
            if not fresh:
                raise self.proofs.used_before()
        return found.client, proof

    def _grant_type(self, parameters: Parameters, loaded: Loaded) -> tuple[Callable[[], object], Callable[[], Answer]]:
        """Return what checks a request of that grant type once all is loaded, and what mints its tokens."""
        if parameters.get("grant_type") == authorization_code.GRANT_TYPE:
            return (
                lambda: authorization_code.check(parameters, loaded),
                lambda: self.server.minter.first(loaded.client.client, loaded),
            )
        request = BridgedRequest(f"{self.issuer}/token", parameters, loaded)
        grant = _authlib(lambda: self.server.get_token_grant(request), request)
        return (
            lambda: _authlib(grant.validate_token_request, request),
            lambda: dict(_authlib(grant.create_token_response, request)[1]),
        )

    def _request(self, parameters: Parameters, client: Client, path: str) -> BridgedRequest:
        return BridgedRequest(self.issuer + path, parameters, Loaded(self.clock(), BridgedClient(client)))

    def _check_proof_is_there(self, client: Client, proof: Proof | None) -> None:
        """RFC 9449 5.2: a client that is registered so, as all on FAPI 2 are, needs one."""
        if proof is None and client.dpop_bound_access_tokens:
            raise TokenRefusal("invalid_dpop_proof", "This client needs a DPoP proof.", headers=self.proofs.headers())

    async def _load_grant(self, parameters: Parameters, loaded: Loaded) -> None:
        code, refresh_token = parameters.get("code"), parameters.get("refresh_token")
        if parameters.get("grant_type") == "authorization_code" and code:
            found = await self.stores.grants.with_person(authorization_code.grant_id_of(code), hash_of(code))
            if found is not None:
                loaded.grant, loaded.person = found
        elif parameters.get("grant_type") == "refresh_token" and refresh_token:
            loaded.refresh_token = await self.stores.grants.by_refresh_token(hash_of(refresh_token))
            if loaded.refresh_token is not None:
                loaded.person = await self.stores.people.by_id(loaded.refresh_token.grant.user_id)

    async def _use_up(self, loaded: Loaded) -> str | None:
        """Use up the code or refresh token in one atomic step; return the new refresh token, if there is one."""
        if loaded.grant is not None:
            return await self._redeemed(loaded, loaded.grant)
        assert loaded.refresh_token is not None
        return await self._refreshed(loaded, loaded.refresh_token)

    async def _redeemed(self, loaded: Loaded, grant: Grant) -> str | None:
        client = loaded.client.client
        successor = base64url.random(32) if "refresh_token" in client.grant_types else None
        expires_at = await self._refresh_until(grant, loaded.now) if successor else 0.0
        # RFC 9449 5: a client that can prove who it is may change its key; to one that cannot, the key is all.
        bound_to = loaded.jkt if client.token_endpoint_auth_method == "none" else None
        if not await self.stores.grants.redeem(
            grant.grant_id, loaded.now, hash_of(successor) if successor else None, expires_at, bound_to
        ):
            await self._end_family(grant, Event.CODE_REUSED)
            raise TokenRefusal("invalid_grant", "The code is not valid.", reason="redeemed twice at once")
        return successor

    async def _refreshed(self, loaded: Loaded, token: RefreshToken) -> str | None:
        expires_at = await self._refresh_until(token.grant, loaded.now)
        if loaded.client.client.fapi2:
            # FAPI 2.0 Security Profile 5.3.2.1: not rotated, so that an answer that got lost ends nothing.
            successor = None
            if not await self.stores.grants.prolong(token.token_hash, expires_at, loaded.now):
                raise TokenRefusal("invalid_grant", "The refresh token is not valid.", reason="ended at this moment")
        else:
            successor = base64url.random(32)
            if not await self.stores.grants.rotate(token.token_hash, hash_of(successor), expires_at, loaded.now):
                await self._end_family(token.grant, Event.REFRESH_REUSED)
                raise TokenRefusal("invalid_grant", "The refresh token is not valid.", reason="used twice at once")
        if not token.grant.offline:
            await self.stores.sessions.touch(token.grant.session_id, loaded.now)
        return successor

    async def _refresh_until(self, grant: Grant, now: float) -> float:
        if grant.offline:
            return now + self.offline_seconds
        session = await self.stores.sessions.live(grant.session_id, now)
        # One that has been idle too long may not have been noticed yet; using it now must not revive it.
        if session is None or now - session.seen_at >= self.idle_seconds:
            raise TokenRefusal("invalid_grant", "The sign-in has ended.", reason="the session has ended")
        return min(now + self.refresh_seconds, session.expires_at)

    async def _punish_reuse(self, loaded: Loaded) -> None:
        """End the family when its own client shows a code or refresh token again (RFC 6749 4.1.2, RFC 9700 4.14.2)."""
        client_id = loaded.client.get_client_id()
        grant, token = loaded.grant, loaded.refresh_token
        if grant and grant.redeemed_at is not None and grant.client_id == client_id:
            await self._end_family(grant, Event.CODE_REUSED)
        if token and token.used_at is not None and token.grant.client_id == client_id:
            await self._end_family(token.grant, Event.REFRESH_REUSED)

    async def _end_family(self, grant: Grant, event: Event) -> None:
        await self.stores.grants.revoke(grant.grant_id, self.clock())
        await self.auditor.record(event, client_id=grant.client_id)
        await self.sign_outs.sids([grant.sid], Reason.FAMILY_REVOKED)

    async def _token_in_question(self, parameters: Parameters, headers: Headers, path: str) -> BridgedRequest:
        token = parameters.get("token")
        if token is None:
            raise TokenRefusal("invalid_request", "token is missing.")
        client = await self.client_authenticator.authenticated(parameters, headers, path)
        request = self._request(parameters, client, path)
        request.loaded.refresh_token = await self.stores.grants.by_refresh_token(hash_of(token))
        if request.loaded.refresh_token is None:
            try:
                request.loaded.access_token = await self.access_tokens.active(token)
            except Inactive as inactive:
                request.loaded.why = str(inactive)
        return request

    async def _authlib_endpoint(self, name: str, request: BridgedRequest) -> Answer:
        _, answer, _ = _authlib(lambda: self.server.endpoint(name).create_endpoint_response(request), request)
        return dict(answer)


def _authlib(call: Callable[[], Any], request: BridgedRequest) -> Any:
    """Run a step of Authlib's and turn its errors into ours (RFC 6749 5.2)."""
    try:
        return call()
    except OAuth2Error as error:
        description = ascii_text(error.description or "") or "The request was refused."
        reason = "; ".join(filter(None, [description, request.loaded.why]))
        raise TokenRefusal(error.error or "invalid_request", description, reason=reason) from error
