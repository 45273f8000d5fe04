"""FAPI 2.0 modules about codes and refresh tokens (FAPI 2.0 Security Profile 5.3.2.1, 5.3.2.2)."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from tests.conformance.fapi_party import FapiParty
from tests.conformance.suite import Suite
from tests.portal_client import refusal
from tests.visitor import Visitor

UNBOUND = ("invalid_dpop_proof", "invalid_grant", "invalid_request")


class Codes:
    """Once, within a minute, by whoever asked and can show it."""

    def test_fapi2_security_profile_final_ensure_holder_of_key_required(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        version, _ = _shake_hands(suite, suite.trust())
        assert version == "TLSv1.3"
        old = suite.trust()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        version, cipher = _shake_hands(suite, old)
        assert version == "TLSv1.2"
        assert cipher.startswith("ECDHE-")
        assert "-GCM-" in cipher
        old.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM")
        assert _shake_hands(suite, old) == ("", "")
        answer = party.go(browser)
        assert refusal(party.silent("/token").exchange(answer)) in UNBOUND

    def test_fapi2_security_profile_final_ensure_authorization_code_is_bound_to_client(
        self, party: FapiParty, other: FapiParty, browser: Visitor
    ) -> None:
        assert refusal(other.exchange(party.go(browser))) == "invalid_grant"

    def test_fapi2_security_profile_final_attempt_reuse_authorization_code_after_one_second(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        outcome = party.flow(browser)
        suite.clock.advance(1)
        assert refusal(party.exchange(outcome.answer)) == "invalid_grant"
        assert refusal(party.userinfo(outcome.access_token), 401) == "invalid_token"

    def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code(
        self, suite: Suite, party: FapiParty, browser: Visitor
    ) -> None:
        answer = party.go(browser)
        suite.clock.advance(62)
        assert refusal(party.exchange(answer)) == "invalid_grant"

    def test_fapi2_security_profile_final_ensure_pkce_code_verifier_required(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        assert refusal(party.exchange(party.go(browser), code_verifier=None)) == "invalid_grant"

    def test_fapi2_security_profile_final_incorrect_pkce_code_verifier_rejected(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        wrong = party.ask().code_verifier
        assert refusal(party.exchange(party.go(browser), code_verifier=wrong)) == "invalid_grant"


class RefreshTokens:
    """Of one client, which proves a key, and not rotated."""

    def test_fapi2_security_profile_final_refresh_token(
        self, suite: Suite, party: FapiParty, other: FapiParty, browser: Visitor
    ) -> None:
        first = party.flow(browser, scope="openid offline_access", prompt="consent")
        second = other.flow(browser, scope="openid offline_access", prompt="consent")
        token = first.tokens["refresh_token"]
        suite.clock.advance(1)
        unproven: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": token}
        nobody = {"client_assertion": None, "client_assertion_type": None, "client_id": party.client_id}
        assert refusal(party.call("/token", {**unproven, **nobody}), 401) == "invalid_client"
        assert refusal(party.silent("/token").refresh(token)) in UNBOUND
        assert refusal(party.refresh(second.tokens["refresh_token"])) == "invalid_grant"
        for _ in range(2):
            refreshed = party.refresh(token)
            assert refreshed.status_code == 200, refreshed.text
            told = refreshed.json()
            assert told["token_type"] == "DPoP"
            assert told.get("refresh_token", token) == token
            claims = party.verified(told["id_token"])[1]
            for name in ("iss", "sub", "aud", "auth_time"):
                assert claims.get(name) == first.claims.get(name)
            party.told(party.userinfo(told["access_token"]), first)


def _shake_hands(suite: Suite, context: ssl.SSLContext) -> tuple[str, str]:
    """Return the version and cipher that the provider agrees to; nothing where it does not."""
    address = urlsplit(suite.issuer)
    with socket.create_connection(("127.0.0.1", address.port or 443), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=address.hostname) as spoken:
                cipher = spoken.cipher()
                return str(spoken.version()), cipher[0] if cipher else ""
        except ssl.SSLError:
            return "", ""
