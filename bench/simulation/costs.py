"""What one thing costs: as measured on a machine, kept in a file, and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROAM = ("par", "authorize", "token", "userinfo")
"""What a portal on FAPI 2.0 and its person's browser ask for, one after the other."""
LOG_IN = ("par", "authorize_no_session", "login_page", "login_post", "authorize_resumed", "token", "userinfo")


@dataclass(frozen=True)
class Cost:
    """One request: CPU seconds of the copy and of the database, commits, bytes of WAL, hashes of a password.

    `wal_pages` is how many pages of indexes are touched; `repeatable` if a proxy may ask again (GET).
    """

    cpu: float
    database: float = 0.0
    commits: int = 0
    wal: float = 0.0
    wal_pages: float = 0.0
    hashes: int = 0
    repeatable: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of a table: bytes of one with its part of the indexes, and how many of them each kind of event makes."""

    bytes: float
    per_log_in: float = 0.0
    per_roam: float = 0.0
    per_refresh: float = 0.0
    per_log_out: float = 0.0
    per_signal: float = 0.0


@dataclass(frozen=True)
class Costs:
    """Everything that was measured; `where` says on what, in words."""

    where: str
    endpoints: Mapping[str, Cost]
    hash_seconds: float
    hash_bytes: float
    hash_gain: float
    """How many times as many hashes two threads do as one: 2 where each has a core and none waits for a lock."""
    refusal: Cost
    verdict: float
    memory: float
    """Bytes of one copy that hashes nothing."""
    flush: float
    """Seconds that the database takes to write through."""
    expired_per_second: float
    """Sessions that one copy ends in a second because they have run out."""
    expired_by_two: float
    """The same of two copies on two cores."""
    swept_per_second: float
    """Rows that have run out which one copy throws away in a second."""
    spread: tuple[float, ...]
    """Quantiles of how long an answer takes alone, as multiples of its mean."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    sqlite: Mapping[str, float] = field(default_factory=dict)
    """The same roam with SQLite: CPU seconds of each kind of client's, bytes written and bytes kept."""

    def of(self, names: tuple[str, ...]) -> float:
        """Return the CPU seconds of a copy for these requests, one after the other."""
        return sum(self.endpoints[name].cpu for name in names)

    def database_of(self, names: tuple[str, ...]) -> float:
        """Return the CPU seconds of the database for them."""
        return sum(self.endpoints[name].database for name in names)

    def commits_of(self, names: tuple[str, ...]) -> int:
        """Return the commits of them."""
        return sum(self.endpoints[name].commits for name in names)

    def keep(self, file: Path) -> None:
        """Write them to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Costs:
    """Read what keep() wrote. Raises OSError, ValueError, KeyError, TypeError."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    found["endpoints"] = {name: Cost(**one) for name, one in found["endpoints"].items()}
    found["tables"] = {name: Table(**one) for name, one in found["tables"].items()}
    found["spread"] = tuple(found["spread"])
    found["refusal"] = Cost(**found["refusal"])
    return Costs(**found)
