"""How what is remembered of people is laid out in rows, whatever the database; see rows.py."""

from __future__ import annotations

import json

from idp.model import Consent, Person
from idp.stores.rows import Row, Values

PERSON_COLUMNS = ("user_id", "username", "password_hash", "level", "claims", "updated_at")
CONSENT_COLUMNS = ("user_id", "client_id", "scope", "basis", "granted_at")

FREE_FAILURES = 3
"""How many log-ins may fail before the next one has to wait."""
LONGEST_DELAY = 60.0
FORGET_AFTER = 900.0


def person_values(person: Person, password_hash: str) -> Values:
    """Return what is kept of a person."""
    names = ("real_name", "home_region", "id_number", "phone", "email", "address")
    claims = {name: getattr(person, name) for name in names if getattr(person, name) is not None}
    if person.standard_claims:
        claims["standard_claims"] = dict(person.standard_claims)
    text = json.dumps(claims, ensure_ascii=False)
    return (person.user_id, person.username, password_hash, person.level, text, person.updated_at)


def person_of(row: Row) -> Person:
    """Return the person of a row."""
    return Person(
        user_id=row["user_id"],
        username=row["username"],
        level=row["level"],
        frozen=row["frozen_at"] is not None,
        updated_at=row["updated_at"],
        **json.loads(row["claims"]),
    )


def consent_of(row: Row) -> Consent:
    """Return the consent of a row."""
    return Consent(**dict(row))
