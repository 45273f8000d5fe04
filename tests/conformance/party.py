"""The relying party of a module: it sends a browser to the provider, reads the answer wherever it comes, and checks it.

What holds of every answer and every ID token is checked here, so that each module's test says only what is its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from joserfc import jws

from idp.oauth.signing import Algorithms
from tests.conformance.id_tokens import ProviderKeys, check_id_token, hash_of_token
from tests.conformance.plans import Variant
from tests.portal_client import Asked, ClientKey, Landing, PortalClient
from tests.visitor import Visitor, forms

OPENID = "openid"
MAY_COME = frozenset({"code", "id_token", "access_token", "token_type", "expires_in", "scope", "session_state"})
"""What an answer may hold besides state and iss (Core 3.1.2.5, 3.2.2.5; Session Management 3)."""


@dataclass(frozen=True)
class Answer(Landing):
    """What came to the redirect_uri, and in which channel: query, fragment or form_post."""

    channel: str = "query"


@dataclass(frozen=True)
class Outcome:
    """A sign-in to its end: the answer, what the token endpoint gave, and the claims of the ID token that counts."""

    answer: Answer
    tokens: dict[str, Any]
    id_token: str
    claims: dict[str, Any]

    @property
    def access_token(self) -> str:
        """The access token, of the token endpoint where there is one."""
        return str(self.tokens.get("access_token") or self.answer.parameters["access_token"])


@dataclass
class Party(PortalClient):
    """A client in one run of a module."""

    variant: Variant = field(kw_only=True)
    keys: ProviderKeys = field(kw_only=True)

    @property
    def channel(self) -> str:
        """Where answers of this variant come (Multiple Response Types 3.1, 5; Form Post 2)."""
        if self.variant.form_post:
            return "form_post"
        return "query" if self.variant.response_type == "code" else "fragment"

    @property
    def has_access_token(self) -> bool:
        """Whether this variant ends with an access token."""
        return self.variant.response_type != "id_token"

    def ask(self, **changes: str | None) -> Asked:
        """Return the variant's usual request: without PKCE, which these plans know nothing of."""
        usual: dict[str, str | None] = {
            "response_type": self.variant.response_type,
            "scope": OPENID,
            "code_challenge": None,
            "code_challenge_method": None,
        }
        if self.variant.form_post:
            usual["response_mode"] = "form_post"
        return super().ask(**{**usual, **changes})

    def challenged(self, **changes: str | None) -> Asked:
        """Return the variant's usual request with PKCE (RFC 7636 4.3)."""
        pkce = PortalClient.ask(self)
        challenge = {name: pkce.parameters[name] for name in ("code_challenge", "code_challenge_method")}
        return Asked(self.ask(**{**challenge, **changes}).parameters, pkce.code_verifier)

    def assertion(self, **changes: Any) -> str:
        """Return a client assertion for the token endpoint, as clients of OpenID Connect Core make it (Core 9)."""
        usual = {} if self.dpop_key is not None else {"aud": f"{self.issuer}/token"}
        return super().assertion(**{**usual, **changes})

    def go(self, browser: Visitor, decision: str = "allow", **changes: str | None) -> Answer:
        """Ask, let the person do whatever is asked of them, and return the answer, right in all that is general."""
        return self.checked(self.finish(browser, self.open(browser, self.ask(**changes)), decision))

    def open(self, browser: Visitor, asked: Asked) -> tuple[Asked, httpx.Response]:
        """Send the browser to /authorize; return the first page or the answer."""
        return asked, browser.follow(self.authorize(browser, asked))

    def finish(
        self,
        browser: Visitor,
        opened: tuple[Asked, httpx.Response],
        decision: str = "allow",
        username: str = "every.claim",
    ) -> Answer:
        """Log in and decide as often as pages ask for it."""
        asked, page = opened
        while self._answer_in(asked, page) is None:
            if "login-submit" in page.text:
                page = browser.follow(browser.log_in(page, username))
            else:
                page = browser.follow(browser.submit(page, f"consent-{decision}"))
        return self.answer(asked, page)

    def answer(self, asked: Asked, response: httpx.Response) -> Answer:
        """Read the answer; fails on a page that does not lead to the client."""
        found = self._answer_in(asked, response)
        assert found is not None, f"{response.status_code} at {response.url}: {response.text[:600]}"
        return found

    def _answer_in(self, asked: Asked, response: httpx.Response) -> Answer | None:
        if response.status_code in (302, 303):
            parts = urlsplit(response.headers["location"])
            base = parts._replace(query="", fragment="").geturl()
            if parts.fragment:
                return Answer(asked, dict(parse_qsl(parts.fragment)), base, "fragment")
            return Answer(asked, dict(parse_qsl(parts.query)), base)
        for form in forms(response):
            if not form.action.startswith(("/", self.issuer)):
                assert form.method == "post"
                fields = {name: value for name, value in form.fields.items() if name}
                return Answer(asked, fields, form.action, "form_post")
        return None

    def checked(self, answer: Answer) -> Answer:
        """Check what holds of every good answer: the channel, state and iss, and that nothing else comes."""
        assert "error" not in answer.parameters, answer.parameters
        self._check_frame(answer)
        told = set(answer.parameters) - {"state", "iss"}
        assert told - set(self.registered_query(answer.asked)) <= MAY_COME
        for what, member in (("code", "code"), ("token", "access_token"), ("id_token", "id_token")):
            assert (member in told) == self.variant.issues(what), told
        return answer

    def registered_query(self, asked: Asked) -> dict[str, str]:
        """Return what the redirect_uri itself has in its query (RFC 6749 3.1.2)."""
        return dict(parse_qsl(urlsplit(asked.parameters.get("redirect_uri", self.redirect_uri)).query))

    def refused(self, answer: Answer, *codes: str) -> str:
        """Check an error answer, and that its code is one of `codes`; return it."""
        self._check_frame(answer)
        assert set(answer.parameters) <= {"error", "error_description", "error_uri", "state", "iss"}
        assert answer.parameters["error"] in codes, answer.parameters
        assert all(0x20 <= ord(char) <= 0x7E for char in answer.parameters["error_description"])
        return answer.parameters["error"]

    def _check_frame(self, answer: Answer) -> None:
        assert answer.channel == self.channel, answer
        assert answer.parameters.get("state") == answer.asked.parameters.get("state")
        assert answer.parameters["iss"] == self.issuer

    def complete(self, answer: Answer) -> Outcome:
        """Redeem what there is to redeem, and verify every token (Core 3.1.3.7, 3.2.2.11, 3.3.2.12)."""
        given, tokens = answer.parameters, {}
        front: dict[str, Any] = {}
        if "id_token" in given:
            front = self.id_token(given["id_token"], answer.asked, given.get("access_token"), given.get("code"))
        if "access_token" in given:
            assert given["token_type"].lower() == "bearer"
            assert int(given["expires_in"]) > 0
        if "code" not in given:
            return Outcome(answer, {}, given["id_token"], front)
        tokens = self.redeemed(answer)
        back = self.id_token(tokens["id_token"], answer.asked, tokens["access_token"])
        if front:
            # Core 3.3.3.6: of the two ID tokens, iss and sub are identical.
            assert (front["iss"], front["sub"]) == (back["iss"], back["sub"])
        return Outcome(answer, tokens, tokens["id_token"], back)

    def redeemed(self, answer: Answer) -> dict[str, Any]:
        """Redeem the code and return the token endpoint's answer (Core 3.1.3.3)."""
        response = self.exchange(answer)
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        tokens: dict[str, Any] = response.json()
        assert tokens["token_type"].lower() == ("bearer" if self.dpop_key is None else "dpop")
        assert tokens["expires_in"] > 0
        return tokens

    def redemption(self, landing: Landing, **changes: str | None) -> dict[str, str | None]:
        """Return the parameters that redeem a code, with a code_verifier where there was a code_challenge."""
        right = super().redemption(landing)
        if "code_challenge" not in landing.asked.parameters:
            del right["code_verifier"]
        return {**right, **changes}

    def signed_in(self, browser: Visitor, **changes: str | None) -> Outcome:
        """Go all the way with a request of the variant, changed by `changes`."""
        return self.complete(self.checked(self.finish(browser, self.open(browser, self.ask(**changes)))))

    def id_token(
        self, token: str, asked: Asked, access_token: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """Return the verified claims of an ID token that answers `asked`."""
        header, claims = self.verified(token)
        check_id_token(claims, issuer=self.issuer, client_id=self.client_id, now=self.clock())
        assert header["alg"] == self.registration.table.get("id_token_signed_response_alg", "RS256")
        assert claims.get("nonce") == asked.parameters.get("nonce")
        for name, value in (("at_hash", access_token), ("c_hash", code)):
            # Required beside a token in the same answer of the authorization endpoint, else optional (Core 3.3.2.11).
            if value is not None:
                assert claims[name] == hash_of_token(value)
        return claims

    def verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims of a token of the provider once its signature is verified."""
        return self.keys.verified(token)

    def header(self, token: str) -> dict[str, Any]:
        """Return the header of a token of the provider."""
        return self.verified(token)[0]

    def person(self, outcome: Outcome) -> dict[str, Any]:
        """Return the claims about the person, from /userinfo or, without an access token, from the ID token."""
        if not self.has_access_token:
            return outcome.claims
        return self.told(self.userinfo(outcome.access_token), outcome)

    def told(self, response: httpx.Response, outcome: Outcome) -> dict[str, Any]:
        """Return the claims in an answer of /userinfo, whose sub is the ID token's (Core 5.3.4)."""
        assert response.status_code == 200, response.text
        kind = response.headers["content-type"].partition(";")[0]
        claims: dict[str, Any] = (
            response.json() if kind == "application/json" else self._signed_userinfo(kind, response.text)
        )
        assert claims["sub"] == outcome.claims["sub"]
        assert all(value not in (None, "", [], {}) for value in claims.values())
        return claims

    def _signed_userinfo(self, kind: str, token: str) -> dict[str, Any]:
        assert kind == "application/jwt"
        header, claims = self.verified(token)
        assert header["alg"] == self.registration.table["userinfo_signed_response_alg"]
        assert (claims["iss"], claims["aud"]) == (self.issuer, self.client_id)
        return claims

    def post_userinfo(self, form: Mapping[str, str], access_token: str | None = None) -> httpx.Response:
        """Ask /userinfo by POST (Core 5.3.1), the token in the header where there is one given."""
        headers = {"authorization": f"Bearer {access_token}"} if access_token is not None else {}
        return self.http.post(f"{self.issuer}/userinfo", data=dict(form), headers=headers)

    def request_object(
        self, asked: Asked, *, header: Mapping[str, Any] | None = None, key: Any = None, **changes: Any
    ) -> str:
        """Return `asked` as a request object, signed with the client's key (RFC 9101 4); None takes a claim out."""
        now = int(self.clock())
        right = {**asked.parameters, "iss": self.client_id, "aud": self.issuer, "iat": now, "nbf": now, "exp": now + 60}
        claims = {name: value for name, value in {**right, **changes}.items() if value is not None}
        used = self.registration.key if key is None else key
        return signed(claims, used, {"typ": "oauth-authz-req+jwt", **(header or {})})


def signed(claims: Mapping[str, Any], key: ClientKey, header: Mapping[str, Any]) -> str:
    """Return a JWT, by ES256 unless the header says otherwise: what no library would write, too.

    JSON as Python writes it, any member in the header, and any algorithm that the key is able to.
    """
    full = {name: value for name, value in {"alg": "ES256", "kid": key.kid, **header}.items() if value is not None}
    registry = Algorithms([str(full["alg"])])
    registry.strict_check_header = False
    if key.alg not in (None, full["alg"]):
        bare = {name: value for name, value in key.as_dict(private=True).items() if name != "alg"}
        key = type(key).import_key(bare)
    return jws.serialize_compact(full, json.dumps(claims), key, registry=registry)


def is_page_without_a_way_back(response: httpx.Response, suite: str) -> None:
    """Check that a refusal is a page, and that nothing on it leads the browser to the client."""
    assert response.status_code == 400, response.text[:400]
    assert response.headers["content-type"].startswith("text/html")
    assert "location" not in response.headers
    assert suite not in response.text
