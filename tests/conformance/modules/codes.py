"""Modules about codes and refresh tokens (RFC 6749 4.1.2, 5.2, 6; RFC 7636)."""

from __future__ import annotations

from tests.conformance.party import Outcome, Party
from tests.conformance.suite import Suite
from tests.portal_client import refusal
from tests.visitor import Visitor


class Codes:
    """Once, for one client, provably."""

    def test_oidcc_codereuse(self, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        assert refusal(party.exchange(outcome.answer)) == "invalid_grant"

    def test_oidcc_codereuse_30seconds(self, suite: Suite, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        party.told(party.userinfo(outcome.access_token), outcome)
        suite.clock.advance(30)
        assert refusal(party.exchange(outcome.answer)) == "invalid_grant"
        assert refusal(party.userinfo(outcome.access_token), 401) == "invalid_token"

    def test_oidcc_ensure_request_with_valid_pkce_succeeds(self, party: Party, browser: Visitor) -> None:
        challenge = party.challenged()
        answer = party.checked(party.finish(browser, party.open(browser, challenge)))
        party.complete(answer)


class SecretInTheForm:
    """The client's secret in the body (RFC 6749 2.3.1)."""

    def test_oidcc_server_client_secret_post(self, suite: Suite, party: Party, browser: Visitor) -> None:
        posting = suite.party(
            party.variant,
            "client" if party.variant.dynamic else "client_secret_post",
            token_endpoint_auth_method="client_secret_post",
        )
        assert posting.registration.table["token_endpoint_auth_method"] == "client_secret_post"
        posting.signed_in(browser)


def _is_of_the_same_sign_in(party: Party, first: Outcome, token: str) -> None:
    """Core 12.2."""
    header, claims = party.verified(token)
    assert header["alg"] == party.header(first.id_token)["alg"]
    for name in ("iss", "sub", "aud", "auth_time", "azp"):
        assert claims.get(name) == first.claims.get(name), name
    assert claims.get("nonce") in (None, first.claims.get("nonce"))
    assert claims["iat"] > first.claims["iat"]


class RefreshTokens:
    """Bound to the client, and of the same sign-in (Core 12)."""

    def test_oidcc_refresh_token(self, suite: Suite, party: Party, other: Party, browser: Visitor) -> None:
        first = party.signed_in(browser, scope="openid offline_access", prompt="consent")
        second = other.signed_in(browser, scope="openid offline_access", prompt="consent")
        suite.clock.advance(1)
        refreshed = party.refresh(first.tokens["refresh_token"])
        assert refreshed.status_code == 200, refreshed.text
        assert refreshed.headers["cache-control"] == "no-store"
        tokens = refreshed.json()
        assert tokens["access_token"] != first.access_token
        _is_of_the_same_sign_in(party, first, tokens["id_token"])
        party.told(party.userinfo(tokens["access_token"]), first)
        assert refusal(party.refresh(second.tokens["refresh_token"])) == "invalid_grant"
