"""A relying party for tests, with a key of its own: it asks for anything, over real HTTP, right or wrong.

`Registration` is the client as the provider reads it from a portal folder; `PortalClient` acts as that client.
Parameters given as keywords replace the right ones; one that is None is left out.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.oauth.secret_hash import hash_of
from idp.oauth.signing import Algorithms
from tests.visitor import Visitor
from web.clock import Clock
from web.connect import DEFAULT_MAP, ConnectMap, MappedTransport
from web.dpop import make_proof

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ClientKey = ECKey | RSAKey | OKPKey


@functools.cache
def client_key(alg: str, kid: str) -> ClientKey:
    """Return the private key of that algorithm and kid, made once in a test process."""
    options: Any = {"kid": kid, "use": "sig", "alg": alg}
    if alg == "ES256":
        return ECKey.generate_key("P-256", options)
    if alg == "EdDSA":
        # joserfc would sign as Ed25519 alone with a key that names its alg.
        return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})
    return RSAKey.generate_key(2048, options)


@functools.cache
def dpop_key(client_id: str) -> ECKey:
    """Return the key that the client's tokens are bound to, made once in a test process."""
    return ECKey.generate_key("P-256", {"kid": f"{client_id}-dpop"})


def basic(client_id: str, secret: str) -> str:
    """Return the header of client_secret_basic: both form-urlencoded, then Base64 (RFC 6749 2.3.1)."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


@dataclass
class Registration:
    """A client as it is registered: its name, its [client] table (RFC 7591), and the private key it really has."""

    client_id: str
    key: ClientKey
    table: dict[str, Any]
    address: str
    secret: str = ""

    @classmethod
    def make(
        cls, client_id: str, listener_port: int, *, alg: str = "ES256", auth: str = "private_key_jwt", **changes: Any
    ) -> Registration:
        """Return a client with every right; what is in `changes` replaces entries, None takes one out.

        `auth` is how it authenticates; those with a secret have one that has to be encoded on its way (RFC 6749 2.3.1).
        Its logout tokens go to /backchannel-logout/<client_id> at the loopback listener.
        """
        secret = f"a +%2B&=:{client_id}:{secrets.token_urlsafe(16)}"
        address = f"http://{client_id}.localhost:{listener_port}"
        key = client_key(alg, f"{client_id}-1")
        table: dict[str, Any] = {
            "client_name": f"门户 {client_id}",
            "client_name#en": f"Portal {client_id}",
            "client_uri": address,
            "redirect_uris": [f"{address}/callback", f"{address}/other?kept=1"],
            "post_logout_redirect_uris": [f"{address}/"],
            "initiate_login_uri": f"{address}/login",
            "backchannel_logout_uri": f"{address}/backchannel-logout/{client_id}",
            "backchannel_logout_session_required": True,
            "jwks": {"keys": [{**key.as_dict(private=False), "alg": alg}]},
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": auth,
            **({"token_endpoint_auth_signing_alg": alg} if auth == "private_key_jwt" else {}),
            **({"client_secret_sha256": hash_of(secret)} if auth.startswith("client_secret_") else {}),
            "id_token_signed_response_alg": "ES256",
            "subject_type": "pairwise",
            "scope": "openid profile real_name phone email address id_number offline_access",
            "resources": [f"{address}/api"],
            "legal_basis": "legal_duty",
        }
        table = {name: value for name, value in {**table, **changes}.items() if value is not None}
        return cls(client_id, key, table, address, secret)

    def write(self, place: Path) -> None:
        """Write the portal folder from which the provider reads this client."""
        folder = place / self.client_id
        folder.mkdir(parents=True)
        service = {"host": f"{self.client_id}.localhost", "offset": 8}
        lines = ["[service]", *_toml(service), "[client]", *_toml(self.table)]
        (folder / "portal.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(table: Mapping[str, Any]) -> list[str]:
    return [f"{json.dumps(key)} = {_toml_value(value)}" for key, value in table.items()]


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(_toml(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def refusal(response: httpx.Response, status: int = 400) -> str:
    """Return the code of an error answer after checking that it is one as RFC 6749 5.2 wants it."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:400]}"
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert set(body) == {"error", "error_description", "incident"}
    assert all(0x20 <= ord(char) <= 0x7E and char not in '"\\' for char in body["error_description"])
    return str(body["error"])


@dataclass(frozen=True)
class Asked:
    """An authorization request, and the code_verifier that belongs to its challenge."""

    parameters: dict[str, str]
    code_verifier: str


@dataclass(frozen=True)
class Landing:
    """What came back at the redirect_uri: the parameters of the answer, and what had been asked."""

    asked: Asked
    parameters: dict[str, str]
    redirect_uri: str

    @property
    def code(self) -> str:
        """The authorization code."""
        assert "code" in self.parameters, self.parameters
        return self.parameters["code"]


@dataclass(frozen=True)
class Tokens:
    """An answer of /token with the landing it came of."""

    answer: dict[str, Any]
    landing: Landing | None = None

    @property
    def access_token(self) -> str:
        """The access token."""
        return str(self.answer["access_token"])

    @property
    def id_token(self) -> str:
        """The ID token."""
        return str(self.answer["id_token"])

    @property
    def refresh_token(self) -> str:
        """The refresh token."""
        return str(self.answer["refresh_token"])


@dataclass
class PortalClient:
    """The client at work: `http` is its back channel, `clock` the provider's, so that assertions are in time.

    With a `dpop_key` it proves that key at /token and /par, with the `nonce` that it was given last (RFC 9449); clients
    that have to do so have one from the start.
    """

    registration: Registration
    issuer: str
    http: httpx.Client
    clock: Clock
    dpop_key: ECKey | None = None
    nonce: str | None = None

    def __post_init__(self) -> None:
        """Make the key of a client whose tokens are bound to one."""
        table = self.registration.table
        must = table.get("profile") == "fapi2" or table.get("dpop_bound_access_tokens")
        if self.dpop_key is None and must:
            self.dpop_key = dpop_key(self.client_id)

    @property
    def client_id(self) -> str:
        """Its name."""
        return self.registration.client_id

    @property
    def redirect_uri(self) -> str:
        """Its first redirect_uri."""
        return str(self.registration.table["redirect_uris"][0])

    @property
    def resource(self) -> str:
        """Its API identifier (RFC 8707)."""
        return f"{self.registration.address}/api"

    def ask(self, **changes: str | None) -> Asked:
        """Return an authorization request with fresh state, nonce and PKCE, changed by `changes`."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        right: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return Asked({name: value for name, value in {**right, **changes}.items() if value is not None}, verifier)

    def authorize_url(self, asked: Asked) -> str:
        """Return the address that the browser is sent to."""
        return f"{self.issuer}/authorize?{urlencode(asked.parameters)}"

    def authorize(self, visitor: Visitor, asked: Asked | None = None, **changes: str | None) -> httpx.Response:
        """Send the browser to /authorize and return the first answer, whatever it is."""
        return visitor.get(self.authorize_url(asked or self.ask(**changes)))

    def sign_in(
        self, visitor: Visitor, username: str = "li.beijing", decision: str = "allow", **changes: str | None
    ) -> Landing:
        """Go all the way to the redirect_uri, logging in and consenting by form where that is asked for."""
        asked = self.ask(**changes)
        response = visitor.follow(self.authorize(visitor, asked))
        while response.status_code == 200:
            if "login-submit" in response.text:
                response = visitor.follow(visitor.log_in(response, username))
            else:
                response = visitor.follow(visitor.submit(response, f"consent-{decision}"))
        assert response.status_code in (302, 303), f"{response.status_code} at {response.url}: {response.text[:800]}"
        return self.landing(asked, response)

    def landing(self, asked: Asked, response: httpx.Response) -> Landing:
        """Read the redirect that goes to the client."""
        parts = urlsplit(response.headers["location"])
        return Landing(asked, dict(parse_qsl(parts.query)), parts._replace(query="").geturl())

    def assertion(self, *, header: Mapping[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        """Return a client assertion (RFC 7523 3), good unless something is changed; None takes a claim out."""
        now = int(self.clock())
        right = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(12),
        }
        claims = {name: value for name, value in {**right, **changes}.items() if value is not None}
        used = self.registration.key if key is None else key
        alg = str(self.registration.table["token_endpoint_auth_signing_alg"])
        full = {"alg": alg, "kid": self.registration.key.kid, **(header or {})}
        full = {name: value for name, value in full.items() if value is not None}
        # JSON as Python writes it, so that claims can be what no library would write.
        return jws.serialize_compact(full, json.dumps(claims), used, registry=Algorithms([str(full["alg"])]))

    def form(self, parameters: Mapping[str, str | None]) -> dict[str, str]:
        """Return `parameters` with this client's credentials, as far as they go there; given ones win."""
        form: dict[str, str | None] = dict(parameters)
        method = self.registration.table["token_endpoint_auth_method"]
        if method == "private_key_jwt":
            form = {"client_assertion_type": ASSERTION_TYPE, **form}
            if "client_assertion" not in form:
                form["client_assertion"] = self.assertion()
        elif method == "client_secret_post":
            form = {"client_id": self.client_id, "client_secret": self.registration.secret, **form}
        elif method == "none":
            form = {"client_id": self.client_id, **form}
        return {name: value for name, value in form.items() if value is not None}

    def headers(self, path: str) -> dict[str, str]:
        """Return this client's credentials as far as they are headers, and its DPoP proof."""
        headers = {}
        if self.registration.table["token_endpoint_auth_method"] == "client_secret_basic":
            headers["authorization"] = basic(self.client_id, self.registration.secret)
        if self.dpop_key is not None and path in ("/token", "/par"):
            headers["dpop"] = self.proof(path)
        return headers

    def proof(self, path: str, **changes: Any) -> str:
        """Return a DPoP proof for POST to that path (RFC 9449 4.2), good unless something is changed."""
        right = {"method": "POST", "url": self.issuer + path, "now": self.clock(), "nonce": self.nonce}
        return make_proof(changes.pop("key", self.dpop_key), **{**right, **changes})

    def call(
        self, path: str, parameters: Mapping[str, str | None], headers: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """POST a form as this client to /token, /par, /introspect or /revoke; once more if a nonce is wanted.

        `headers` win over its own.
        """
        response = self._posted(path, parameters, headers or {})
        if self.dpop_key is not None and "dpop-nonce" in response.headers:
            self.nonce = response.headers["dpop-nonce"]
            if response.status_code == 400 and response.json()["error"] == "use_dpop_nonce" and not headers:
                return self._posted(path, parameters, {})
        return response

    def _posted(self, path: str, parameters: Mapping[str, str | None], headers: Mapping[str, Any]) -> httpx.Response:
        sent: Any = {**self.headers(path), **headers}
        return self.http.post(self.issuer + path, data=self.form(parameters), headers=sent)

    def at_once(self, path: str, requests: Sequence[Mapping[str, str | None]]) -> list[httpx.Response]:
        """POST several forms at the same time, each on a connection of its own."""
        prepared = [(self.form(parameters), self.headers(path)) for parameters in requests]

        async def send() -> list[httpx.Response]:
            transport = MappedTransport(ConnectMap.parse(DEFAULT_MAP), verify=False)
            async with httpx.AsyncClient(transport=transport, timeout=30, trust_env=False) as http:
                return await asyncio.gather(
                    *(http.post(self.issuer + path, data=form, headers=headers) for form, headers in prepared)
                )

        return asyncio.run(send())

    def redemption(self, landing: Landing, **changes: str | None) -> dict[str, str | None]:
        """Return the parameters that redeem a code (RFC 6749 4.1.3)."""
        right: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": landing.code,
            "redirect_uri": landing.asked.parameters["redirect_uri"],
            "code_verifier": landing.asked.code_verifier,
        }
        return {**right, **changes}

    def exchange(self, landing: Landing, **changes: str | None) -> httpx.Response:
        """Redeem the code."""
        return self.call("/token", self.redemption(landing, **changes))

    def tokens(self, visitor: Visitor, username: str = "li.beijing", **changes: str | None) -> Tokens:
        """Sign in, consenting to everything, and redeem the code; fails unless both succeed."""
        landing = self.sign_in(visitor, username, "allow", **changes)
        response = self.exchange(landing)
        assert response.status_code == 200, response.text
        return Tokens(response.json(), landing)

    def refresh(self, refresh_token: str, **changes: str | None) -> httpx.Response:
        """Ask for new tokens (RFC 6749 6)."""
        return self.call("/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes})

    def introspect(self, token: str, **changes: str | None) -> httpx.Response:
        """Ask what a token is worth (RFC 7662 2.1)."""
        return self.call("/introspect", {"token": token, **changes})

    def active(self, token: str) -> bool:
        """Tell whether introspection calls the token active."""
        response = self.introspect(token)
        assert response.status_code == 200, response.text
        return bool(response.json()["active"])

    def revoke(self, token: str, **changes: str | None) -> httpx.Response:
        """Revoke a token (RFC 7009 2.1)."""
        return self.call("/revoke", {"token": token, **changes})

    def userinfo(self, token: str) -> httpx.Response:
        """Ask /userinfo with the token in the header (RFC 6750 2.1)."""
        return self.http.get(f"{self.issuer}/userinfo", headers={"authorization": f"Bearer {token}"})

    def end_session(self, visitor: Visitor, **parameters: str | None) -> httpx.Response:
        """Send the browser to /end_session (RP-Initiated Logout 2)."""
        sent = {name: value for name, value in parameters.items() if value is not None}
        return visitor.get(f"/end_session?{urlencode(sent)}")
