"""What came of a tour: what each portal learned, how long it took, and what was not as promised."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.tour.hop import PROVIDER, Hop


class Broken(Exception):
    """A promise that was not kept: in which step, and what happened instead, in one sentence without secrets."""

    def __init__(self, step: str, what: str) -> None:
        super().__init__(f"{step}: {what}")
        self.step = step
        self.what = what


@dataclass(frozen=True)
class Checks:
    """What a portal checked of one token, by the codes of portals.verdict."""

    passed: tuple[str, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """What one portal learned: masked name, level 1 to 4, GB/T 2260 code of home; how long the way there took."""

    portal: str
    name: str
    level: int
    home: str
    at_home: bool
    roamed: bool
    milliseconds: float
    id_token: Checks
    access_token: Checks
    # Compared and used again, never shown.
    sub: str = field(repr=False)
    sid: str = field(repr=False)
    compact_access_token: str = field(repr=False)


SECRET = frozenset({"sub", "sid", "compact_access_token"})


@dataclass
class Report:
    """The whole tour; `log_out_milliseconds` by portal: from the press of the button until nothing worked any more."""

    person: str
    visits: list[Visit] = field(default_factory=list)
    hops: list[Hop] = field(default_factory=list)
    log_out_milliseconds: dict[str, float] = field(default_factory=dict)
    broken: Broken | None = None

    @property
    def passwords_typed(self) -> int:
        """How often a password was sent to the provider."""
        return sum(1 for hop in self.hops if (hop.service, hop.method, hop.path) == (PROVIDER, "POST", "/login"))

    @property
    def median_roam(self) -> float | None:
        """The median of the roams, in milliseconds."""
        roams = [visit.milliseconds for visit in self.visits if visit.roamed]
        return round(statistics.median(roams), 1) if roams else None

    @property
    def longest_log_out(self) -> float | None:
        """How long the slowest portal took to end its session, in milliseconds."""
        return max(self.log_out_milliseconds.values(), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, without tokens and pseudonyms."""
        visits = [{name: value for name, value in asdict(one).items() if name not in SECRET} for one in self.visits]
        return {
            "kept": self.broken is None,
            "broken": {"step": self.broken.step, "what": self.broken.what} if self.broken else None,
            "person": self.person,
            "passwords_typed": self.passwords_typed,
            "portals_visited": len(self.visits),
            "median_roam_milliseconds": self.median_roam,
            "longest_log_out_milliseconds": self.longest_log_out,
            "log_out_milliseconds": self.log_out_milliseconds,
            "visits": visits,
            "hops": [asdict(one) for one in self.hops],
        }
