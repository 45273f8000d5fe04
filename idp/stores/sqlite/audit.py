"""Security events in SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence

from idp.model import AuditEvent
from idp.stores.sqlite.database import Database


class SqliteAudit:
    """Security events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Keep an event."""
        self._database.execute(
            "INSERT INTO audit (at, event, client_id, user_id, address, incident, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.at,
                event.event,
                event.client_id,
                event.user_id,
                event.address,
                event.incident,
                json.dumps(dict(event.detail), ensure_ascii=False),
            ),
        )

    async def latest(self, most: int, event: str | None = None, incident: str | None = None) -> Sequence[AuditEvent]:
        """Return the latest events, newest first, of one name or one incident if asked."""
        rows = self._database.many(
            "SELECT at, event, client_id, user_id, address, incident, detail FROM audit "
            "WHERE (:event IS NULL OR event = :event) AND (:incident IS NULL OR incident = :incident) "
            "ORDER BY id DESC LIMIT :most",
            {"event": event, "incident": incident, "most": most},
        )
        return [AuditEvent(**{**dict(row), "detail": json.loads(row["detail"])}) for row in rows]
