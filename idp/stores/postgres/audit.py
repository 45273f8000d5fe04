"""Security events in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from idp.model import AuditEvent
from idp.stores.audit_protocols import Entry
from idp.stores.rows import AUDIT_COLUMNS, audit_event_of, audit_values, entry_of
from web.postgres import Database, insert

_RECORD = insert("audit", AUDIT_COLUMNS)


class PostgresAudit:
    """Security events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Keep an event."""
        await self._database.execute(_RECORD, audit_values(event))

    async def latest(self, most: int, event: str | None = None, incident: str | None = None) -> Sequence[AuditEvent]:
        """Return the latest events, newest first, of one name or one incident if asked."""
        rows = await self._database.many(
            f"SELECT {', '.join(AUDIT_COLUMNS)} FROM audit WHERE (%(event)s::text IS NULL OR event = %(event)s) "
            "AND (%(incident)s::text IS NULL OR incident = %(incident)s) ORDER BY id DESC LIMIT %(most)s",
            {"event": event, "incident": incident, "most": most},
        )
        return [audit_event_of(row) for row in rows]

    async def newest(self) -> int:
        """Return the highest entry_id that there is, 0 if there is none."""
        row = await self._database.one("SELECT coalesce(max(id), 0) AS newest FROM audit")
        assert row is not None
        return int(row["newest"])

    async def entries(self, after: int, upto: int, most: int, chain: str | None = None) -> Sequence[Entry]:
        """Return at most `most` entries above `after` and up to `upto` by entry_id, of one chain if asked."""
        rows = await self._database.many(
            f"SELECT id, {', '.join(AUDIT_COLUMNS)} FROM audit WHERE id > %(after)s AND id <= %(upto)s "
            "AND (%(chain)s::text IS NULL OR chain = %(chain)s) ORDER BY id LIMIT %(most)s",
            {"after": after, "upto": upto, "most": most, "chain": chain},
        )
        return [entry_of(row) for row in rows]
