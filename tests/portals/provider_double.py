"""A small provider over real HTTP, for what a portal must do when the provider answers as a test says.

It checks what the portal sends (PAR, PKCE, private_key_jwt, DPoP, redirect_uri) and signs with a key of its own.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.portals.verdicts.signer import Signer, encode
from web.dpop import Proof, read_proof
from web.dpop_nonces import Nonces
from web.serve import bind

LI = {"sub": "subject-of-li-at-this-portal", "name": "李*", "real_name": "李京生", "home_region": "110000"}
WANG = {"sub": "subject-of-wang-at-this-portal", "name": "王*", "real_name": "王津", "home_region": "120000"}


@dataclass
class ProviderDouble:
    """What the double does next; `failing` maps a path to the answer it gives instead of its own.

    It wants a nonce in proofs; `hands_out` are the paths whose good answers bring one (RFC 9449 8.2).
    """

    clock: Callable[[], float] = time.time
    signer: Signer = field(default_factory=lambda: Signer.new("key-1"))
    signers: list[Signer] = field(default_factory=list)
    person: dict[str, Any] = field(default_factory=lambda: dict(LI))
    sid: str = "sid-0123456789abcdef01"
    acr: str = "urn:manyou:loa:3"
    id_token_changes: dict[str, Any] = field(default_factory=dict)
    token_changes: dict[str, Any] = field(default_factory=dict)
    failing: dict[str, Response] = field(default_factory=dict)
    client_jwks: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    issuer: str = ""
    refresh_tokens: set[str] = field(default_factory=set)
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    hands_out: set[str] = field(default_factory=lambda: {"/par", "/token"})
    nonces: Nonces = field(default_factory=lambda: Nonces(secrets.token_bytes(32)))
    used: set[str] = field(default_factory=set)
    bound: dict[str, str] = field(default_factory=dict)
    after: dict[str, Callable[[], Any]] = field(default_factory=dict)
    _auth_time: int | None = None

    def start(self) -> None:
        """Serve on a free loopback port until `stop`."""
        sock = bind("127.0.0.1", 0)
        self.issuer = f"http://idp.localhost:{sock.getsockname()[1]}"
        self.signers = [self.signer]
        paths: dict[str, Callable[[Request], Any]] = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._jwks,
            "/par": self._par,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        app = Starlette(
            routes=[Route(path, self._seen(path, end), methods=["GET", "POST"]) for path, end in paths.items()]
        )
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none", http="h11"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [sock]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        """End it; its port answers no more."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(5)

    def asked(self, authorization_url: str) -> dict[str, str]:
        """Return what was pushed and is named by `authorization_url`, which says nothing else (RFC 9126 4)."""
        named = _form(urlsplit(authorization_url).query)
        assert set(named) == {"client_id", "request_uri"}
        return self.pushed[named["request_uri"]]

    def respond(self, authorization_url: str, **changes: str | None) -> str:
        """Return the query of a good authorization response to `authorization_url`, with `changes`."""
        asked = self.asked(authorization_url)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **changes}
        return urlencode({name: value for name, value in answer.items() if value is not None})

    def logout_token(self, **changes: Any) -> str:
        """Return a good logout token of this session for Beijing, with `changes`; None leaves a claim out."""
        now = int(self.clock())
        claims = {
            "iss": self.issuer, "aud": "beijing", "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(16),
            "sub": self.person["sub"], "sid": self.sid,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }  # fmt: skip
        return self._sign("logout+jwt", {**claims, **changes})

    def access_token(self, audience: str, **changes: Any) -> str:
        """Return a good access token for the portal whose API is `audience`, with `changes`."""
        now = int(self.clock())
        claims = {
            "iss": self.issuer, "aud": [audience, self.issuer], "sub": self.person["sub"], "client_id": "beijing",
            "iat": now, "exp": now + 300, "jti": secrets.token_urlsafe(16), "sid": self.sid,
            "scope": "openid profile real_name", "auth_time": now - 10, "acr": self.acr, "amr": ["pwd"],
            "cnf": self.bound,
        }  # fmt: skip
        return self._sign("at+jwt", {**claims, **changes})

    def _sign(self, typ: str, claims: dict[str, Any]) -> str:
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.signer.token({"alg": self.signer.alg, "kid": self.signer.kid, "typ": typ}, kept)

    def _seen(self, path: str, endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self.seen.append(path)
            failing = self.failing.get(path)
            response: Response = failing if failing is not None else await endpoint(request)
            if failing is None and path in self.hands_out:
                response.headers["dpop-nonce"] = self.nonces.current(self.clock())
            if path in self.after:
                self.after.pop(path)()
            return response

        return answer

    async def _metadata(self, request: Request) -> Response:
        names = ("token", "userinfo", "end_session")
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in names}
        endpoints |= {
            "pushed_authorization_request_endpoint": f"{self.issuer}/par",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse({"issuer": self.issuer, **endpoints})

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse({"keys": [signer.jwk() for signer in self.signers]})

    async def _par(self, request: Request) -> Response:
        form = _form((await request.body()).decode())
        self._check_assertion(form)
        request_uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(16)}"
        self.pushed[request_uri] = form
        return JSONResponse({"request_uri": request_uri, "expires_in": 60}, 201)

    def _check_assertion(self, form: dict[str, str]) -> None:
        key = ECKey.import_key(self.client_jwks["keys"][0])
        assertion = jwt.decode(form["client_assertion"], key, algorithms=["ES256"])
        assert assertion.claims["aud"] == self.issuer
        assert assertion.claims["sub"] == assertion.claims["iss"] == "beijing"
        assert assertion.claims["exp"] - assertion.claims["iat"] <= 60
        assert assertion.claims["jti"] not in self.used
        self.used.add(assertion.claims["jti"])

    def _proof(self, request: Request, access_token: str | None = None) -> Proof | None:
        """Return the good proof of a request; None where it lacks the nonce, which the answer then brings."""
        now, url = self.clock(), f"{self.issuer}{request.url.path}"
        headers = request.headers.getlist("dpop")
        proof = read_proof(headers, method=request.method, url=url, now=now, access_token=access_token)
        assert proof.jti not in self.used
        self.used.add(proof.jti)
        return proof if self.nonces.good(proof.nonce, now) else None

    def _other_nonce(self, status: int) -> Response:
        headers = {"dpop-nonce": self.nonces.current(self.clock())}
        if status == 401:
            return Response(None, 401, {**headers, "www-authenticate": 'DPoP error="use_dpop_nonce", algs="ES256"'})
        return JSONResponse({"error": "use_dpop_nonce"}, status, headers)

    async def _token(self, request: Request) -> Response:
        form = _form((await request.body()).decode())
        self._check_assertion(form)
        proof = self._proof(request)
        if proof is None:
            return self._other_nonce(400)
        self.bound = {"jkt": proof.jkt}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return JSONResponse({"error": "invalid_grant"}, 400)
            renewed = self._tokens(None, "openid profile real_name", form["resource"])
            # FAPI 2.0 Security Profile 5.3.2.1: no rotation, so there is none in the answer.
            return JSONResponse({name: value for name, value in renewed.items() if name != "refresh_token"})
        asked = self.codes.pop(form["code"], None)
        challenge = encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "No such code."}, 400)
        assert asked["dpop_jkt"] == proof.jkt
        return JSONResponse(self._tokens(asked["nonce"], asked["scope"], asked["resource"]))

    def _tokens(self, nonce: str | None, scope: str, resource: str) -> dict[str, Any]:
        now, access_token = int(self.clock()), self.access_token(resource, scope=scope)
        refresh_token = secrets.token_urlsafe(16)
        self.refresh_tokens.add(refresh_token)
        claims = {
            "iss": self.issuer, "sub": self.person["sub"], "aud": "beijing", "iat": now, "exp": now + 300,
            "auth_time": self.auth_time, "acr": self.acr, "amr": ["pwd"], "sid": self.sid, "nonce": nonce,
            "at_hash": encode(hashlib.sha256(access_token.encode()).digest()[:16]), "jti": secrets.token_urlsafe(8),
        }  # fmt: skip
        answer = {
            "access_token": access_token, "token_type": "DPoP", "expires_in": 300, "scope": scope,
            "refresh_token": refresh_token, "id_token": self._sign("JWT", {**claims, **self.id_token_changes}),
        }  # fmt: skip
        return {**answer, **self.token_changes}

    @property
    def auth_time(self) -> int:
        """When the person signed in at the provider; the same for the whole session."""
        if self._auth_time is None:
            self._auth_time = int(self.clock()) - 10
        return self._auth_time

    async def _userinfo(self, request: Request) -> Response:
        scheme, token = request.headers["authorization"].split(" ")
        claims = jwt.decode(token, ECKey.import_key(self.signer.jwk()), algorithms=["ES256"]).claims
        proof = self._proof(request, token)
        if proof is None:
            return self._other_nonce(401)
        assert (scheme, claims["cnf"]["jkt"]) == ("DPoP", proof.jkt)
        assert self.issuer in claims["aud"]
        return JSONResponse(self.person)


def _form(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
