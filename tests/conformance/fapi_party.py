"""The client of the FAPI 2.0 plans: it pushes each request, signs it where the plan says so, and proves its key."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import httpx
from joserfc.jwk import ECKey

from tests.conformance.party import Answer, Outcome, Party, signed
from tests.portal_client import Asked, ClientKey, PortalClient, refusal
from tests.visitor import Visitor
from web.base64url import encode

Form = dict[str, str | None]


def proof_key(name: str) -> ECKey:
    """Return another key to prove."""
    return ECKey.generate_key("P-256", {"kid": name})


def thumbprint(key: ClientKey) -> str:
    """Return what dpop_jkt names the key by (RFC 9449 10)."""
    return key.thumbprint()


@dataclass
class FapiParty(Party):
    """A client in one run of a module of a FAPI 2.0 plan; `silent_at` are endpoints at which it sends no proof."""

    silent_at: Sequence[str] = field(default=(), kw_only=True)

    def ask(self, **changes: str | None) -> Asked:
        """Return the usual request, with PKCE."""
        usual: Form = {"scope": "openid email", "response_mode": "jwt" if self.variant.jarm else None}
        return PortalClient.ask(self, **{**usual, **changes})

    def pushing(self, asked: Asked, **claims: Any) -> Form:
        """Return the form to push: the parameters, or the request object of them with `claims` changed."""
        if not self.variant.signed:
            return dict(asked.parameters)
        return {"request": self.request_object(asked, **claims)}

    def request_object(
        self, asked: Asked, *, header: Mapping[str, Any] | None = None, key: Any = None, **changes: Any
    ) -> str:
        """Return `asked` as a request object in the registered algorithm (FAPI 2.0 Message Signing 5.3.2)."""
        alg = {"alg": self.registration.table["request_object_signing_alg"]}
        return super().request_object(asked, header={**alg, **(header or {})}, key=key, **changes)

    def push(self, asked: Asked, headers: Mapping[str, Any] | None = None, **credentials: str | None) -> httpx.Response:
        """Push a request; `credentials` win over those of the client (RFC 9126 2.1)."""
        return self.call("/par", {**self.pushing(asked), **credentials}, headers)

    def pushed(self, asked: Asked, headers: Mapping[str, Any] | None = None) -> str:
        """Push a request that is good, and return its request_uri (RFC 9126 2.2)."""
        return self.request_uri(self.push(asked, headers))

    def assertion(self, *, header: Mapping[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        """Return a client assertion (RFC 7523 3), good unless something is changed."""
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
        alg = {"alg": self.registration.table["token_endpoint_auth_signing_alg"]}
        return signed(claims, key or self.registration.key, {**alg, **(header or {})})

    def request_uri(self, response: httpx.Response) -> str:
        """Return the request_uri of a good answer of /par."""
        assert response.status_code == 201, response.text
        assert response.headers["cache-control"] == "no-store"
        told = response.json()
        assert set(told) == {"request_uri", "expires_in"}
        # FAPI 2.0 Security Profile 5.3.2.2: shorter than ten minutes.
        assert 0 < told["expires_in"] < 600
        return str(told["request_uri"])

    def open(self, browser: Visitor, asked: Asked, **beside: str) -> tuple[Asked, httpx.Response]:
        """Push the request and send the browser to /authorize with nothing but its request_uri, and `beside`."""
        return self.visit(browser, asked, self.pushed(asked), **beside)

    def visit(self, browser: Visitor, asked: Asked, request_uri: str, **beside: str) -> tuple[Asked, httpx.Response]:
        """Send the browser to /authorize with a request_uri (RFC 9126 4)."""
        outside = {"client_id": self.client_id, "request_uri": request_uri, **beside}
        return asked, browser.follow(self.authorize(browser, Asked(outside, asked.code_verifier)))

    def answer(self, asked: Asked, response: httpx.Response) -> Answer:
        """Read the answer; where the plan has it signed, what is in the JWT, and nothing is beside it (JARM 2.1)."""
        answer = super().answer(asked, response)
        if not self.variant.jarm:
            return answer
        kept = self.registered_query(asked)
        assert set(answer.parameters) == {"response", *kept}
        header, claims = self.verified(answer.parameters["response"])
        assert header["alg"] == self.registration.table["authorization_signed_response_alg"]
        assert claims.pop("aud") == self.client_id
        assert self.clock() < claims.pop("exp") <= self.clock() + 600
        return replace(answer, parameters={**kept, **claims})

    def headers(self, path: str) -> dict[str, str]:
        """Return the client's headers; its proof among them unless it is to be silent there."""
        sent = super().headers(path)
        return {name: value for name, value in sent.items() if name != "dpop" or path not in self.silent_at}

    def silent(self, *paths: str) -> FapiParty:
        """Return the same client sending no proof there."""
        return replace(self, silent_at=paths)

    def with_key(self, key: ECKey) -> FapiParty:
        """Return the same client proving another key."""
        return replace(self, dpop_key=key)

    def learn_nonce(self) -> None:
        """Get the nonce of now, for proofs that the test makes itself (RFC 9449 8)."""
        self.pushed(self.ask())

    def dpop(
        self,
        path: str,
        *,
        method: str = "POST",
        access_token: str | None = None,
        key: ClientKey | None = None,
        header: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a proof, good unless something is changed; None takes a member out (RFC 9449 4.2)."""
        used = key or self.dpop_key
        assert used is not None
        right = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": f"{self.issuer}{path}",
            "iat": int(self.clock()),
            "nonce": self.nonce,
            "ath": encode(sha256(access_token.encode()).digest()) if access_token is not None else None,
        }
        public = {
            name: value for name, value in used.as_dict(private=False).items() if name not in ("kid", "use", "alg")
        }
        claims = {name: value for name, value in {**right, **changes}.items() if value is not None}
        return signed(claims, used, {"typ": "dpop+jwt", "jwk": public, "kid": None, **(header or {})})

    def refused_push(self, response: httpx.Response, *codes: str) -> None:
        """Check that /par refuses with one of `codes` (RFC 9126 2.3)."""
        status = 401 if response.status_code == 401 else 400
        assert refusal(response, status) in codes, response.text

    def flow(self, browser: Visitor, **changes: str | None) -> Outcome:
        """Go all the way, and use the access token."""
        outcome = self.signed_in(browser, **changes)
        self.told(self.userinfo(outcome.access_token), outcome)
        return outcome

    def userinfo(self, token: str) -> httpx.Response:
        """Ask the resource, once more if a nonce is wanted (RFC 9449 9)."""
        response = self.reach(token)
        if response.status_code == 401 and "use_dpop_nonce" in response.headers["www-authenticate"]:
            return self.reach(token)
        return response

    def reach(
        self, token: str, *proofs: str, scheme: str = "DPoP", query: str = "", silent: bool = False
    ) -> httpx.Response:
        """Ask the resource with a good proof, with those given, or with none."""
        sent: Iterable[str] = proofs or (() if silent else (self.resource_proof(token),))
        headers = [("authorization", f"{scheme} {token}"), *(("dpop", proof) for proof in sent)]
        response = self.http.get(f"{self.issuer}/userinfo{query}", headers=headers)
        self.nonce = response.headers.get("dpop-nonce", self.nonce)
        return response

    def resource_proof(self, token: str, **changes: Any) -> str:
        """Return a proof for the resource, good unless something is changed."""
        return self.dpop("/userinfo", method="GET", access_token=token, **changes)
