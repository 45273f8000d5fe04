"""Who is at the portal: the person of the session, as every page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from portals.levels import level_of
from portals.parts import Parts, parts_of
from portals.portal import Portal
from portals.stores.sessions import Session, hashed


@dataclass(frozen=True)
class Visitor:
    """A signed-in person: masked name, level 0 to 4, GB/T 2260 code of home, and whether this visit is at home."""

    session: Session
    name: str
    level: int
    home: str
    at_home: bool

    @property
    def full_name(self) -> str:
        """The full name where it was released, else the masked one; for the person's own /me only."""
        return str(self.session.userinfo.get("real_name") or self.name)


def masked(name: str) -> str:
    """Return `name` as public pages show it: the first character, then a star for the rest (李*)."""
    return f"{name[:1]}*" if name else "*"


def visitor_of(session: Session, portal: Portal) -> Visitor:
    """Return how pages show the person of `session`."""
    told = session.userinfo
    name = str(told.get("name") or "")
    home = str(told.get("home_region") or "")
    return Visitor(
        session=session,
        # The provider's `name` is masked already; masking it again keeps a full name out whatever it sends.
        name=masked(name or str(told.get("real_name") or "")),
        level=level_of(session.acr),
        home=home,
        at_home=home == portal.region,
    )


async def visitor_at(request: Request) -> Visitor | None:
    """Return who is signed in on `request`, or None."""
    parts = parts_of(request)
    session = await session_at(request, parts)
    return visitor_of(session, parts.portal) if session else None


async def session_at(request: Request, parts: Parts) -> Session | None:
    """Return the live session that the request's cookie names, or None."""
    value = parts.cookies.read(request, parts.cookies.session)
    return await parts.sessions.find(hashed(value), parts.clock()) if value else None
