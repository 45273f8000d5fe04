"""How rows are laid out that a roam is answered from, each of several tables at once; see rows.py.

A column is told by its place: several tables have one of that name.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from idp.model import Grant, Person, Session, SignIn, Visit
from idp.stores.rows import GRANT_COLUMNS, SESSION_COLUMNS, grant_of
from web import json_text

_PERSON = ("username", "level", "frozen_at", "updated_at", "claims")
_SIGN_IN = ("sid", "sub", "started_at", "last_at")


def _each(table: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{table}.{name} AS {table}_{name}" for name in columns)


VISIT_COLUMNS = ", ".join([_each("s", SESSION_COLUMNS), _each("p", _PERSON), _each("i", _SIGN_IN)])
"""Of a session `s`, a person `p` and a sign-in `i`; what is released, a JSON object of scopes, comes after them."""
GRANT_AND_PERSON_COLUMNS = ", ".join([_each("g", GRANT_COLUMNS), _each("p", _PERSON)])
"""Of a grant `g` and a person `p`."""


def visit_of(row: Iterable[Any], client_id: str) -> Visit:
    """Return the visit of a row of VISIT_COLUMNS and what is released."""
    (
        session_id, user_id, auth_time, level, amr, created_at, seen_at, expires_at,
        *whose, sid, sub, started_at, last_at, given,
    ) = row  # fmt: skip
    session = Session(session_id, user_id, auth_time, level, tuple(amr.split()), created_at, seen_at, expires_at)
    sign_in = None if sid is None else SignIn(sid, session_id, client_id, user_id, sub, started_at, last_at)
    return Visit(session, _person(user_id, *whose), json_text.decode(given), sign_in)


def grant_and_person_of(row: Iterable[Any]) -> tuple[Grant, Person | None]:
    """Return the grant and the person of a row of GRANT_AND_PERSON_COLUMNS."""
    grant = grant_of(row)
    username, *rest = islice(row, len(GRANT_COLUMNS), None)
    return grant, None if username is None else _person(grant.user_id, username, *rest)


def _person(user_id: str, username: str, level: int, frozen_at: float | None, updated_at: int, claims: str) -> Person:
    return Person(
        user_id=user_id,
        username=username,
        level=level,
        frozen=frozen_at is not None,
        updated_at=updated_at,
        **json_text.decode(claims),
    )
