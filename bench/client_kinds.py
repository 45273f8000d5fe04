"""The kinds of client whose roams are measured: what each registers, how it asks for a code, and how it redeems it.

A new kind is one more subclass in KINDS; a provider whose metadata says that it cannot serve a kind is not asked to.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from http_messages import Answer, BadAnswer, Message, get, post
from joserfc import jwt
from joserfc.jwk import ECKey
from load import Conversation

from web.dpop import make_proof, thumbprint

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300
RESOURCE = "https://api.example/records"

Metadata = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """An authorization code, and what redeems it."""

    code: str
    verifier: str
    nonce: str


@dataclass(frozen=True)
class Roamed:
    """What came of a roam: the nonce that was sent, and the token answer."""

    nonce: str
    answer: Mapping[str, Any]


class ClientKind(ABC):
    """A confidential client; what is the same for all kinds is what the portals of the repository register."""

    name: str
    features = "region"
    """The set of features in which ours knows this kind."""
    token_type = "Bearer"

    def __init__(self, *, other: bool = False) -> None:
        """Make the client, or one that differs from it in its name and its credentials alone."""
        self.client_id = self.name.replace("_", "-") + ("-2" if other else "")
        self.redirect_uri = f"http://{self.client_id}.localhost/callback"

    def table(self) -> dict[str, Any]:
        """Return its [client] table (RFC 7591)."""
        return {
            "client_name": self.client_id,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "id_token_signed_response_alg": "ES256",
            "subject_type": "pairwise",
            "scope": "openid profile",
            "resources": [RESOURCE],
            "legal_basis": "legal_duty",
            **self.credentials(),
        }

    def roam(self, metadata: Metadata, cookie: str) -> Conversation[Roamed]:
        """Ask for a code in a browser with a session, and redeem it."""
        code = yield from self.code(metadata, cookie)
        answer = yield from self.redeem(metadata, code)
        return Roamed(code.nonce, self._granted(answer))

    def code(self, metadata: Metadata, cookie: str) -> Conversation[Code]:
        """Ask for a code; the answer brings it without a page (RFC 6749 4.1.2, RFC 9207 2)."""
        verifier, state, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": RESOURCE,
        }
        sent = yield from self.asked(metadata, wanted)
        url = f"{metadata['authorization_endpoint']}?{urlencode(sent)}"
        landing = yield get("/authorize", url, (("Cookie", cookie),))
        place, _, query = landing.headers.get("location", "").partition("?")
        found = {name: values[0] for name, values in parse_qs(query).items()}
        good = (
            landing.status in (302, 303)
            and place == self.redirect_uri
            and found.get("state") == state
            and found.get("iss") == metadata["issuer"]
            and "code" in found
        )
        _expect(good, "an authorization request", landing)
        return Code(found["code"], verifier, nonce)

    def redeem(
        self, metadata: Metadata, code: Code, *, by: ClientKind | None = None, verifier: str = ""
    ) -> Conversation[Answer]:
        """Ask for the tokens of a code, as another client or with another verifier if told so."""
        form = {
            "grant_type": "authorization_code",
            "code": code.code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier or code.verifier,
        }
        answer = yield (by or self).token_request(metadata, form)
        return answer

    def asked(self, metadata: Metadata, wanted: dict[str, str]) -> Conversation[dict[str, str]]:
        """Return what goes through the browser, after whatever comes before that."""
        yield from ()
        return wanted

    def _granted(self, answer: Answer) -> dict[str, Any]:
        _expect(answer.status == 200, "a token request", answer)
        tokens = answer.json()
        good = (
            str(tokens.get("token_type")) == self.token_type
            and tokens.get("expires_in") == 300
            and str(tokens.get("access_token")).count(".") == 2
            and str(tokens.get("id_token")).count(".") == 2
        )
        _expect(good, "a token request", answer)
        return tokens

    @abstractmethod
    def served_by(self, metadata: Metadata) -> bool:
        """Tell whether the provider knows this kind."""

    @abstractmethod
    def credentials(self) -> dict[str, Any]:
        """Return the part of the [client] table that says how the client proves who it is."""

    @abstractmethod
    def token_request(self, metadata: Metadata, form: dict[str, str]) -> Message:
        """Return a token request with this client's proofs, each made anew."""


class ClientSecretBasic(ClientKind):
    """A plain OpenID Connect client with a secret of 256 bit, as the peer knows it too."""

    name = "client_secret_basic"
    features = "certification"

    def __init__(self, *, other: bool = False) -> None:
        super().__init__(other=other)
        self.secret = secrets.token_hex(32)
        both = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        self._headers: Headers = (("Authorization", f"Basic {both}"),)

    def served_by(self, metadata: Metadata) -> bool:
        """Look for the method in the metadata."""
        return self.name in metadata["token_endpoint_auth_methods_supported"]

    def credentials(self) -> dict[str, Any]:
        """Register the hash of the secret."""
        return {
            "token_endpoint_auth_method": self.name,
            "client_secret_sha256": hashlib.sha256(self.secret.encode()).hexdigest(),
        }

    def token_request(self, metadata: Metadata, form: dict[str, str]) -> Message:
        """Add user and password (RFC 6749 2.3.1)."""
        return post("/token", metadata["token_endpoint"], form, self._headers)


class Fapi2Portal(ClientKind):
    """A portal on FAPI 2.0: its requests pushed, itself known by private_key_jwt, its tokens bound by DPoP."""

    name = "fapi2_portal"
    token_type = "DPoP"

    def __init__(self, *, other: bool = False) -> None:
        super().__init__(other=other)
        self._key = ECKey.generate_key("P-256", {"kid": "bench-1", "use": "sig", "alg": "ES256"})
        self._dpop_key = ECKey.generate_key("P-256")
        self._jkt = thumbprint(self._dpop_key.as_dict(private=False))
        self._dpop_nonce: str | None = None

    def served_by(self, metadata: Metadata) -> bool:
        """Look for the three of them in the metadata."""
        return (
            "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
            and "pushed_authorization_request_endpoint" in metadata
            and "dpop_signing_alg_values_supported" in metadata
        )

    def credentials(self) -> dict[str, Any]:
        """Register the public key, and what portals have beside it."""
        return {
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "profile": "fapi2",
            "jwks": {"keys": [self._key.as_dict(private=False)]},
        }

    def asked(self, metadata: Metadata, wanted: dict[str, str]) -> Conversation[dict[str, str]]:
        """Push the request (RFC 9126 2)."""
        form = {**wanted, "dpop_jkt": self._jkt, **self._assertion(metadata)}
        answer = yield post("/par", metadata["pushed_authorization_request_endpoint"], form)
        _expect(answer.status == 201, "a pushed request", answer)
        self._dpop_nonce = answer.headers.get("dpop-nonce", self._dpop_nonce)
        return {"client_id": self.client_id, "request_uri": answer.json()["request_uri"]}

    def token_request(self, metadata: Metadata, form: dict[str, str]) -> Message:
        """Add an assertion (RFC 7523 2.2) and a DPoP proof (RFC 9449 5)."""
        url = metadata["token_endpoint"]
        proof = make_proof(self._dpop_key, method="POST", url=url, now=time.time(), nonce=self._dpop_nonce)
        return post("/token", url, form | self._assertion(metadata), (("DPoP", proof),))

    def _assertion(self, metadata: Metadata) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": metadata["issuer"],
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        assertion = jwt.encode({"alg": "ES256", "kid": "bench-1"}, claims, self._key)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def _expect(good: bool, what: str, answer: Answer) -> None:
    if not good:
        told = f"{answer.status} {answer.headers.get('location', '')} {answer.body[:400]!r}"
        raise BadAnswer(f"{what} was answered with {told}")


KINDS: tuple[type[ClientKind], ...] = (ClientSecretBasic, Fapi2Portal)
PEERS_KIND = ClientSecretBasic
"""The kind that the peer is measured with."""
