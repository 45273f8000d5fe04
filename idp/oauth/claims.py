"""Which claims a scope releases (Core 5.4); the name is masked unless the real name was granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.model import SENSITIVE_SCOPES, Basis, Client, Person
from idp.people.names import mask_name

CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "home_region", "updated_at"),
    "real_name": ("real_name",),
    "phone": ("phone_number", "phone_number_verified"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "id_number": ("id_number",),
}


def userinfo(person: Person, sub: str, scope: Iterable[str]) -> dict[str, Any]:
    """Return the claims that `scope` releases, typed as Core 5.1 says, without empty values (Core 5.3.2)."""
    every: dict[str, Any] = {
        "sub": sub,
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
    }
    names = [name for one in scope for name in CLAIMS_OF_SCOPE.get(one, ())]
    return {name: every[name] for name in names if every[name] not in (None, "")}


def bases(client: Client, scope: Iterable[str]) -> dict[str, Basis]:
    """Return on which basis each scope is released to the client: 法定职责 or 同意 (PIPL 13, 29).

    `openid` itself releases a pairwise subject and needs none.
    """
    return {
        one: "consent" if one in SENSITIVE_SCOPES or one == "offline_access" else client.legal_basis
        for one in scope
        if one != "openid"
    }
