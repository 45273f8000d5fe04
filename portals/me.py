"""/me: what a person is to this portal: name, level, home, account, and what was released to it on which basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portals.frame import leave, page
from portals.parts import parts_of
from portals.portal import SIGN_IN_SCOPE, Portal
from portals.records import Record
from portals.stores.sessions import Session
from portals.visitor import Visitor, visitor_at
from web.clock import local

CLAIMS = {
    "profile": ("name", "home_region"),
    "real_name": ("real_name",),
    "id_number": ("id_number",),
    "phone": ("phone_number",),
    "email": ("email",),
    "address": ("address",),
}
"""Which claims a scope releases (OpenID Connect Core 5.4; real_name, id_number and home_region are ours)."""


@dataclass(frozen=True)
class Release:
    """What one scope released: texts to show, and the basis: legal_duty or consent."""

    scope: str
    values: tuple[str, ...]
    basis: str


async def me(request: Request) -> Response:
    """Answer GET /me to a signed-in person; others are sent to sign in."""
    parts = parts_of(request)
    visitor = await visitor_at(request)
    if visitor is None:
        return leave(f"/login?{urlencode({'target_link_uri': '/me'})}")
    dialect = parts.portal.dialect
    return page(
        request, "me.html", visitor,
        account=await parts.sessions.account(visitor.session.sub),
        releases=releases(visitor.session, parts.portal),
        record=dialect.write(record_of(visitor)).decode(dialect.encoding),
        dialect=dialect,
    )  # fmt: skip


def releases(session: Session, portal: Portal) -> list[Release]:
    """Return what this session was given, by scope; only what the sign-in brings may rest on legal duty."""
    found = []
    for scope, names in CLAIMS.items():
        values = tuple(_shown(name, session.userinfo[name]) for name in names if session.userinfo.get(name))
        if scope in session.scopes and values:
            basis = portal.legal_basis if scope in SIGN_IN_SCOPE else "consent"
            found.append(Release(scope, values, basis))
    return found


def held(session: Session) -> frozenset[str]:
    """Return the scopes of which something was released: consent to a phone number brings none where there is none."""
    return frozenset(scope for scope, names in CLAIMS.items() if any(session.userinfo.get(name) for name in names))


def record_of(visitor: Visitor) -> Record:
    """Return this portal's record of the person, for show: its number is covered as on any page."""
    told = visitor.session.userinfo
    number, phone, updated = told.get("id_number"), told.get("phone_number"), told.get("updated_at")
    return Record(
        name=visitor.full_name,
        level=max(visitor.level, 1),
        home_region=visitor.home,
        id_number=covered(str(number)) if number else None,
        phone=covered(str(phone)) if phone else None,
        updated_on=_day(updated),
    )


def covered(value: str) -> str:
    """Return a number with all but its first three and last two characters covered."""
    return value[:3] + "*" * (len(value) - 5) + value[-2:] if len(value) > 6 else "*" * len(value)


def _shown(name: str, value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("formatted") or ", ".join(str(part) for part in value.values()))
    return covered(str(value)) if name in ("id_number", "phone_number") else str(value)


def _day(value: object) -> date | None:
    return local(value).date() if isinstance(value, int | float) and 0 < value < 4e9 else None
