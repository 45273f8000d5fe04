"""Every place where a JWT comes in, each with a good one, and with what is answered to it and to bad ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.bad_input.forged import Attackers, Good, Key, public_jwk
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens

NOT_SUPPORTED = "400 request_not_supported"


@dataclass(frozen=True)
class Place:
    """One place: `good` makes a token that is taken, new each time, `send` brings one in and tells what came of it."""

    name: str
    good: Callable[[], Good]
    send: Callable[[str], str]
    taken: str
    refused: str
    passes_over: frozenset[str] = frozenset()
    """Attacks that are none here; why is said where they are named."""
    unsigned: str = ""
    """What is answered where `alg` is none, if that is another answer."""


def outcome(response: httpx.Response) -> str:
    """Return status and error code of an answer, wherever it goes."""
    if response.status_code == 303:
        query = parse_qs(urlsplit(response.headers["location"]).query)
        return f"303 {query['error'][0]}"
    body = response.json() if response.headers.get("content-type") == "application/json" else {}
    active = {True: "active", False: "inactive"}.get(body.get("active"), "")
    return f"{response.status_code} {body.get('error', active)}".strip()


class Places:
    """The places of one provider, and somebody who is signed in there."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.attackers = Attackers()
        self.tokens: dict[str, Tokens] = {}
        for client_id in ("alpha", "by-rsa"):
            self.tokens[client_id] = provider.client(client_id).tokens(provider.visitor())

    def all(self) -> dict[str, Place]:
        """Return them by name."""
        found = [
            self._assertion("alpha"),
            self._assertion("by-rsa"),
            self._proof("ES256"),
            self._proof("PS256"),
            self._request_object("alpha"),
            self._request_object("by-rsa"),
            self._request_object("fapi"),
            self._access_token("/userinfo", "200", "401 invalid_token"),
            self._access_token("/introspect", "200 active", "200 inactive"),
            self._hint("alpha"),
            self._hint("by-rsa"),
        ]
        return {place.name: place for place in found}

    def _good(self, header: dict[str, Any], claims: dict[str, Any], key: Any, *, pss: bool = False) -> Good:
        private: Key = key.private_key
        attacker = self.attackers.rsa if header["alg"] in ("RS256", "PS256") else self.attackers.ec
        elsewhere = f"http://attacker.localhost:{self.provider.listener.port}/keys"
        return Good(header, claims, private, attacker, elsewhere, pss)

    def _call(self, client: PortalClient, path: str, form: dict[str, str | None], **headers: str) -> str:
        return outcome(client.call(path, form, headers))

    def _assertion(self, client_id: str) -> Place:
        client = self.provider.client(client_id)

        def good() -> Good:
            now = int(self.provider.clock())
            claims = {"iss": client_id, "sub": client_id, "aud": client.issuer, "iat": now, "exp": now + 60}
            header = {"alg": client.registration.table["token_endpoint_auth_signing_alg"], "kid": f"{client_id}-1"}
            return self._good(header, {**claims, "jti": secrets.token_urlsafe(12)}, client.registration.key)

        def send(token: str) -> str:
            form = {"grant_type": "authorization_code", "code": "made-up", "client_assertion": token}
            return self._call(client, "/token", dict(form))

        return Place(f"client_assertion of {client_id}", good, send, "400 invalid_grant", "401 invalid_client")

    def _proof(self, alg: str) -> Place:
        client = self.provider.client("alpha")
        own = Attackers()
        key = own.ec if alg == "ES256" else own.rsa

        def good() -> Good:
            claims = {"htm": "POST", "htu": f"{client.issuer}/token", "iat": int(self.provider.clock())}
            more = {"jti": secrets.token_urlsafe(12), "nonce": self.provider.parts.proofs.nonce()}
            attacker = self.attackers.ec if alg == "ES256" else self.attackers.rsa
            header = {"typ": "dpop+jwt", "alg": alg, "jwk": public_jwk(key)}
            return Good(header, {**claims, **more}, key, attacker, pss=alg == "PS256")

        def send(token: str) -> str:
            return self._call(client, "/token", {"grant_type": "authorization_code", "code": "made-up"}, dpop=token)

        # A proof brings its key along, which may be anybody's; HTTP has no line breaks in a header; iss means nothing.
        passes_over = {"jwk of another key", "jwk of another key and no kid", "a line break in the signature"}
        return Place(
            f"DPoP proof by {alg}", good, send, "400 invalid_grant", "400 invalid_dpop_proof", frozenset(passes_over)
        )

    def _request_object(self, client_id: str) -> Place:
        client = self.provider.client(client_id)

        def good() -> Good:
            now = int(self.provider.clock())
            about = {"iss": client_id, "aud": client.issuer, "nbf": now, "iat": now, "exp": now + 60}
            header = {"alg": client.registration.table["token_endpoint_auth_signing_alg"], "kid": f"{client_id}-1"}
            header["typ"] = "oauth-authz-req+jwt"
            return self._good(header, {**about, **client.ask().parameters}, client.registration.key)

        def send(token: str) -> str:
            client.nonce = self.provider.parts.proofs.nonce()
            return self._call(client, "/par", {"client_id": client_id, "request": token})

        unsigned = NOT_SUPPORTED if client_id != "fapi" else ""
        return Place(
            f"request object of {client_id}", good, send, "201", "400 invalid_request_object", unsigned=unsigned
        )

    def _ours(self, token: str) -> Good:
        header, claims = self.provider.read(token)
        return self._good(header, claims, self.provider.parts.keys.signing(header["alg"]))

    def _access_token(self, path: str, taken: str, refused: str) -> Place:
        client = self.provider.client("alpha")

        def send(token: str) -> str:
            if path == "/introspect":
                return self._call(client, path, {"token": token})
            return outcome(client.http.post(client.issuer + path, data={"access_token": token}))

        good = self._ours(self.tokens["alpha"].access_token)
        return Place(f"access token at {path}", lambda: good, send, taken, refused)

    def _hint(self, client_id: str) -> Place:
        client = self.provider.client(client_id)

        def send(token: str) -> str:
            asked = client.ask(prompt="none", id_token_hint=token)
            return outcome(client.authorize(self.provider.visitor(), asked))

        good = self._ours(self.tokens[client_id].id_token)
        return Place(f"id_token_hint of {client_id}", lambda: good, send, "303 login_required", "303 invalid_request")
