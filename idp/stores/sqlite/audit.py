"""Security events in SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from idp.model import AuditEvent
from idp.stores.rows import AUDIT_COLUMNS, audit_event_of, audit_values
from idp.stores.sqlite.database import Database, insert

_RECORD = insert("audit", AUDIT_COLUMNS)


class SqliteAudit:
    """Security events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Keep an event."""
        self._database.execute(_RECORD, audit_values(event))

    async def latest(self, most: int, event: str | None = None, incident: str | None = None) -> Sequence[AuditEvent]:
        """Return the latest events, newest first, of one name or one incident if asked."""
        rows = self._database.many(
            f"SELECT {', '.join(AUDIT_COLUMNS)} FROM audit "
            "WHERE (:event IS NULL OR event = :event) AND (:incident IS NULL OR incident = :incident) "
            "ORDER BY id DESC LIMIT :most",
            {"event": event, "incident": incident, "most": most},
        )
        return [audit_event_of(row) for row in rows]
