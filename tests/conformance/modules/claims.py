"""Modules about what is told of the person: scopes, the claims parameter, and the ways to ask /userinfo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.party import Party
from tests.visitor import Visitor

TYPES: Mapping[str, Mapping[str, type]] = {
    "profile": {
        **dict.fromkeys(("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"), str),
        **dict.fromkeys(("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"), str),
        "updated_at": int,
    },
    "email": {"email": str, "email_verified": bool},
    "address": {"address": dict},
    "phone": {"phone_number": str, "phone_number_verified": bool},
}
"""The claims of each scope and their types (Core 5.1, 5.4)."""


def _has(told: Mapping[str, Any], *scopes: str) -> None:
    """Check that every claim of these scopes is told, of its type, and none of another scope."""
    for scope, types in TYPES.items():
        for name, kind in types.items():
            assert (name in told) == (scope in scopes), name
            assert name not in told or type(told[name]) is kind, name


def _told(party: Party, browser: Visitor, scope: str) -> Mapping[str, Any]:
    outcome = party.signed_in(browser, scope=scope)
    if party.has_access_token:
        _has(outcome.claims)
    return party.person(outcome)


class Scopes:
    """Each scope releases its claims, where they belong (Core 5.4)."""

    def test_oidcc_scope_profile(self, party: Party, browser: Visitor) -> None:
        _has(_told(party, browser, "openid profile"), "profile")

    def test_oidcc_scope_email(self, party: Party, browser: Visitor) -> None:
        _has(_told(party, browser, "openid email"), "email")

    def test_oidcc_scope_address(self, party: Party, browser: Visitor) -> None:
        told = _told(party, browser, "openid address")
        _has(told, "address")
        assert {"formatted", "street_address", "locality", "region", "postal_code", "country"} == set(told["address"])

    def test_oidcc_scope_phone(self, party: Party, browser: Visitor) -> None:
        _has(_told(party, browser, "openid phone"), "phone")

    def test_oidcc_scope_all(self, party: Party, browser: Visitor) -> None:
        told = _told(party, browser, "openid address email phone profile")
        _has(told, "address", "email", "phone", "profile")


class ClaimsParameter:
    """A single claim that was asked for (Core 5.5)."""

    def test_oidcc_claims_essential(self, party: Party, browser: Visitor) -> None:
        where = "userinfo" if party.has_access_token else "id_token"
        outcome = party.signed_in(browser, claims=f'{{"{where}":{{"name":{{"essential":true}}}}}}')
        told = party.person(outcome)
        assert isinstance(told["name"], str)
        assert "email" not in told


class Userinfo:
    """The ways in which a token may come to /userinfo (Core 5.3.1, RFC 6750 2)."""

    def test_oidcc_userinfo_get(self, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        party.told(party.userinfo(outcome.access_token), outcome)

    def test_oidcc_userinfo_post_header(self, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        party.told(party.post_userinfo({}, outcome.access_token), outcome)

    def test_oidcc_userinfo_post_body(self, party: Party, browser: Visitor) -> None:
        outcome = party.signed_in(browser)
        party.told(party.post_userinfo({"access_token": outcome.access_token}), outcome)
