"""A PostgreSQL as it comes, durable, beside the servers that are measured; its CPU time is counted apart."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from server_process import OWN_CORE, cpu_ms_of

# What starts a PostgreSQL for the tests is no part of what is installed.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests.postgres import PostgresServer


class PostgresProcess:
    """A server on the load's core, with every setting that costs something as PostgreSQL has it; a context manager."""

    def __init__(self) -> None:
        self._server = PostgresServer(durable=True)

    def __enter__(self) -> Self:
        """Start it."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {OWN_CORE})
        self._server.__enter__()
        os.sched_setaffinity(0, before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and remove all that it kept."""
        self._server.__exit__(kind, error, trace)

    def fresh(self) -> str:
        """Return the address of a part of the database that nobody has used."""
        return self._server.fresh()

    def cpu_ms(self) -> float:
        """Return the CPU time, user and system, that all its processes have used so far."""
        return cpu_ms_of(self._server.pid)
