"""Disks on which there is no more room: by the kernel's bound on a process's files, or a small file system filled up.

The bound (RLIMIT_FSIZE) needs no rights and may be put on a process that runs: whatever would make a file longer is
refused by the kernel. A file system of its own (tmpfs) is for root, and says ENOSPC as a disk does.
"""

from __future__ import annotations

import errno
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgres import PostgresServer

PAGE = 8192
PADDED_PAGES = 144
"""More than a segment of the write-ahead log of 1 MB, which is written anew as a whole."""
SEGMENTS = ("--wal-segsize=1",)
PIECE = 65_536


class Disk(Protocol):
    """A disk that can be full."""

    def fill(self) -> None:
        """Leave no room."""
        ...

    def free(self) -> None:
        """Make room again."""
        ...


class Bounded:
    """The processes cannot make any file longer than `most` bytes, which is asked when the disk becomes full.

    `as_user` is what `subprocess` is given, for processes that are another user's.
    """

    def __init__(
        self, processes: Callable[[], Sequence[int]], most: Callable[[], int], as_user: Mapping[str, Any] | None = None
    ) -> None:
        self._processes = processes
        self._most = most
        self._as_user = as_user or {}

    def fill(self) -> None:
        """Bound them, and whatever they start."""
        self._bound(str(self._most()))

    def free(self) -> None:
        """Lift the bound."""
        self._bound("unlimited")

    def _bound(self, most: str) -> None:
        for number, process in enumerate(self._processes()):
            # The program, not `resource.prlimit`: not even root may do it everywhere to another user's process.
            command = ["prlimit", f"--pid={process}", f"--fsize={most}:"]
            # One that the first has started may have ended meanwhile.
            subprocess.run(command, check=number == 0, stderr=subprocess.DEVNULL, cwd="/", **self._as_user)


class SmallFileSystem:
    """A file system in memory, filled with ballast; see `small_file_system`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self) -> None:
        """Write until there is no room."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (PIECE, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        """Take the ballast away."""
        self._ballast.unlink(missing_ok=True)


class NoRoomForTheLog:
    """A small file system on which PostgreSQL's write-ahead log needs its next piece while there is no room.

    It then stops itself (PANIC), and cannot start before there is.
    """

    def __init__(self, disk: SmallFileSystem, server: PostgresServer) -> None:
        self._disk = disk
        self._server = server

    def fill(self) -> None:
        """Leave no room, and write until it has stopped."""
        self._disk.fill()
        with suppress(psycopg.OperationalError), psycopg.connect(self._server.url, autocommit=True) as connection:
            while True:
                connection.execute("SELECT pg_logical_emit_message(false, 'manyou', 'so that there is something')")
                connection.execute("SELECT pg_switch_wal()")

    def free(self) -> None:
        """Make room again."""
        self._disk.free()


@contextmanager
def small_file_system(megabytes: int) -> Iterator[SmallFileSystem]:
    """Mount one for as long; for root alone."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", place], check=True)
        try:
            yield SmallFileSystem(Path(place))
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def largest(place: Path) -> int:
    """Return the size of the largest file in a folder, in bytes."""
    return max(file.stat().st_size for file in place.iterdir() if file.is_file())


def of_postgres(server: PostgresServer, database: str) -> Bounded:
    """Return a disk on which the tables that a sign-in writes first have no room, when it is full.

    Other tables have, which is how a disk becomes full: not for everybody at once. Half a page more is what makes
    PostgreSQL find out as it does on a disk: it writes a page, and less of it was written.
    """

    def most() -> int:
        _pad(database, "pushed_requests", "request_uri_hash", "parameters")
        _pad(database, "grants", "grant_id", "scope", code_hash="'padding ' || gen_random_uuid()", redeemed_at="NULL")
        return PADDED_PAGES * PAGE + PAGE // 2

    return Bounded(server.processes, most, server.as_user)


def _pad(database: str, table: str, key: str, text: str, **columns: str) -> None:
    """Put rows like one that is there into a table until it has PADDED_PAGES pages, small ones that leave no gaps."""
    changed = {key: "'padding ' || gen_random_uuid()", text: "repeat('x', 100)", **columns}
    pairs = ", ".join(f"'{name}', {value}" for name, value in changed.items())
    with psycopg.connect(database) as connection:
        for _ in range(PADDED_PAGES * 4):
            row = connection.execute("SELECT pg_relation_size(%s::regclass)", (table,)).fetchone()
            if row is not None and row[0] >= PADDED_PAGES * PAGE:
                return
            changes = f"to_jsonb(one) || jsonb_build_object({pairs})"
            connection.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, {changes})).* "
                f"FROM (SELECT * FROM {table} LIMIT 1) AS one, generate_series(1, 8)".encode()
            )
    raise AssertionError(f"{table} did not grow")
