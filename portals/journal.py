"""What a portal writes about its work: an event's name and key=value, to the logger `portals`; never a secret."""

from __future__ import annotations

import logging

LIMIT = 300
log = logging.getLogger("portals")


def record(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Write `event` with `facts`; texts are cut at LIMIT and written in ASCII, so that a line stays a line."""
    told = (f"{name}={_written(value)}" for name, value in facts.items() if value is not None)
    log.log(level, "%s", " ".join((event, *told)))


def problem(portal: str, incident: str, code: str, reason: str, verdict: str | None = None) -> None:
    """Write why a request was refused, under the incident number that the caller was given."""
    record(
        "problem", level=logging.WARNING, portal=portal, incident=incident, code=code, verdict=verdict, reason=reason
    )


def _written(value: object) -> str:
    return ascii(value[:LIMIT]) if isinstance(value, str) and not value.isidentifier() else str(value)
