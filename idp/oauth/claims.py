"""Which claims are released: those of a scope (Core 5.4) and single ones that were asked for (Core 5.5).

The name is masked; the whole one is a claim and a scope of its own. A claim belongs to the scope that releases it: its
consent covers the claim, however it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.features import Features
from idp.model import SCOPES, SENSITIVE_SCOPES, AuthorizationRequest, Basis, Client, Grant, Person, Wish
from idp.people.names import mask_name

FURTHER_CLAIMS = (
    "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
    "gender", "birthdate", "zoneinfo", "locale",
)  # fmt: skip
"""The standard claims that only a person with Person.standard_claims has (Core 5.1)."""

CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "home_region", "updated_at", *FURTHER_CLAIMS),
    "real_name": ("real_name",),
    "phone": ("phone_number", "phone_number_verified"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "id_number": ("id_number",),
}
SCOPE_OF_CLAIM: Mapping[str, str] = {name: scope for scope, names in CLAIMS_OF_SCOPE.items() for name in names}


def supported(features: Features) -> list[str]:
    """Return the claims about a person that can be had (Discovery 3)."""
    return [name for name in SCOPE_OF_CLAIM if features.standard_claims or name not in FURTHER_CLAIMS]


def userinfo(person: Person, grant: Grant, scope: Iterable[str]) -> dict[str, Any]:
    """Return the answer of /userinfo to an access token of that scope (Core 5.3.2)."""
    return {"sub": grant.sub, **_released(person, scope, grant.claims.userinfo)}


def in_id_token(person: Person, grant: Grant, *, alone: bool = False) -> dict[str, Any]:
    """Return the claims about the person that go into an ID token: none but those asked for there.

    `alone` says that no access token is ever issued beside it, so that what the scope releases is in it (Core 5.4).
    """
    return _released(person, grant.scope if alone else (), grant.claims.id_token)


def _released(person: Person, scope: Iterable[str], asked: Mapping[str, Wish]) -> dict[str, Any]:
    """Return the claims typed as Core 5.1 says, without empty values (Core 5.3.2)."""
    names = [name for one in scope for name in CLAIMS_OF_SCOPE.get(one, ())]
    if not names and not asked:
        return {}
    has = _claims_of(person)
    # Core 5.5.1: one whose value is not among those asked for is left out, as one that is not on file.
    names += [name for name, wish in asked.items() if not wish.values or _among(has.get(name), wish.values)]
    return {name: has[name] for name in names if name in has}


def _among(value: Any, values: Iterable[Any]) -> bool:
    # In JSON, unlike here, true is not 1.
    return any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in values)


def _claims_of(person: Person) -> dict[str, Any]:
    every: dict[str, Any] = {
        "name": mask_name(person.real_name),
        "home_region": person.home_region,
        "updated_at": person.updated_at,
        "real_name": person.real_name,
        "phone_number": person.phone,
        "phone_number_verified": True if person.phone else None,
        "email": person.email,
        "email_verified": True if person.email else None,
        "address": {"formatted": person.address, "country": "CN"} if person.address else None,
        "id_number": person.id_number,
        **person.standard_claims,
    }
    return {name: value for name, value in every.items() if value not in (None, "")}


def bases(client: Client, scope: Iterable[str]) -> dict[str, Basis]:
    """Return on which basis each scope is released to the client: 法定职责 or 同意 (PIPL 13, 29).

    `openid` itself releases a pairwise subject and needs none.
    """
    return {
        one: "consent" if one in SENSITIVE_SCOPES or one == "offline_access" else client.legal_basis
        for one in scope
        if one != "openid"
    }


def bases_of(asked: AuthorizationRequest) -> dict[str, Basis]:
    """Return the same of all that a request asks for, by scope or claim by claim."""
    single = {SCOPE_OF_CLAIM.get(name) for name in (*asked.claims.userinfo, *asked.claims.id_token)}
    return bases(asked.client, [one for one in SCOPES if one in asked.scope or one in single])
