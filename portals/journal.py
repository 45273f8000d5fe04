"""What a portal writes about its work: one JSON object a line, to the logger `portals`; never a secret."""

from __future__ import annotations

import json
import logging

log = logging.getLogger("portals")


def record(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Write `event` with `facts`; texts from outside are cut and made ASCII, so that a line stays a line."""
    kept = {name: _short(value) for name, value in facts.items() if value is not None}
    log.log(level, "%s", json.dumps({"event": event, **kept}))


def problem(portal: str, incident: str, code: str, reason: str, verdict: str | None = None) -> None:
    """Write why a request was refused, under the incident number that the caller was given."""
    record(
        "problem", level=logging.WARNING, portal=portal, incident=incident, code=code, reason=reason, verdict=verdict
    )


def _short(value: object) -> object:
    return value[:300] if isinstance(value, str) else value
