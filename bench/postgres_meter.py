"""What a real PostgreSQL has written for what was asked of it, from its own write-ahead log, and what it keeps."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from postgres_process import PostgresProcess


@dataclass(frozen=True)
class Written:
    """What stands in a stretch of the log: bytes without and of page images, commits, touches of index pages."""

    record_bytes: int
    image_bytes: int
    commits: int
    index_pages: int


class PostgresMeter(PostgresProcess):
    """The server, as a context manager; `url` is a provider's address of it."""

    def __enter__(self) -> Self:
        """Start it."""
        super().__enter__()
        self._connection = psycopg.connect(self.url, autocommit=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self._connection.close()
        super().__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The database's address."""
        return self._server.url

    @property
    def version(self) -> str:
        """PostgreSQL's version."""
        return str(self._connection.info.parameter_status("server_version")).split()[0]

    def position(self) -> str:
        """Return where the log has come to."""
        return str(self.value("SELECT pg_current_wal_insert_lsn()"))

    def value(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Return the one value that a statement gives."""
        row = self._connection.execute(sql.encode(), values).fetchone()
        return row[0] if row else None

    def run(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement."""
        self._connection.execute(sql.encode(), values)

    def rows(self) -> Mapping[str, int]:
        """Return how many rows each table has."""
        names = self._connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: int(self.value(f"SELECT count(*) FROM {name}")) for (name,) in names}  # noqa: S608 - its own names

    def bytes_of(self, table: str) -> int:
        """Return the size of a table with its indexes."""
        return int(self.value("SELECT pg_total_relation_size(%s)", (table,)))

    def written(self, since: str, until: str) -> Written:
        """Return what was written between two positions."""
        # The last records are in its buffers until somebody commits.
        self.run("SELECT txid_current()")
        command = [
            str(self._server.program("pg_waldump")), "--stats=record", f"--start={since}", f"--end={until}",
            f"--path={self._server.log_of_writes}",
        ]  # fmt: skip
        if since == until:
            return Written(0, 0, 0, 0)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        counts: dict[str, int] = {}
        record_bytes = image_bytes = 0
        for line in done.stdout.splitlines():
            words = line.replace("(", " ").replace(")", " ").split()
            if words[:1] == ["Total"]:
                record_bytes, image_bytes = int(words[2]), int(words[4])
            elif len(words) == 9 and "/" in words[0]:
                counts[words[0]] = int(words[1])
        index = sum(number for name, number in counts.items() if name.startswith("Btree/"))
        return Written(record_bytes, image_bytes, counts.get("Transaction/COMMIT", 0), index)

    def flush_seconds(self, times: int = 100) -> float:
        """Return the median seconds of a small commit, seen from here: what a write-through of this disk takes."""
        self.run("CREATE TABLE IF NOT EXISTS bench_flush (value int)")
        waits = []
        for number in range(times):
            began = time.perf_counter()
            self.run("INSERT INTO bench_flush VALUES (%s)", (number,))
            waits.append(time.perf_counter() - began)
        self.run("DROP TABLE bench_flush")
        return sorted(waits)[times // 2]
