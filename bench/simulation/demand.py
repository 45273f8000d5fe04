"""What a region's people ask for: from how often they log in to how much comes in a second at the peak."""

from __future__ import annotations

from dataclasses import dataclass

from .arrivals import PEAK_HOUR_SHARE
from .costs import LOG_IN, ROAM, Costs
from .run import Rates


@dataclass(frozen=True)
class Demand:
    """The assumptions; docs/scale.md says for each why it is what it is, and varies it."""

    people: float = 110e6
    log_ins_a_day: float = 0.06
    """Per person, on the average day of a year."""
    roams_per_log_in: float = 1.5
    """Portals that are visited besides the one at which one logs in."""
    refreshes_per_sign_in: float = 0.2
    verdicts_per_sign_in: float = 4.0
    """At a portal: one on the ID token, the rest on access tokens at its API."""
    log_outs: float = 0.3
    """Share of sessions that a log-out ends; the others run out, and their portals are told as well."""
    busy_day: float = 3.0
    busy_minute: float = 1.5
    passwords: float = 1.0
    """Share of log-ins that hash a password; an app or a passkey does not."""

    @property
    def clients(self) -> float:
        """Portals that a session has visited."""
        return 1 + self.roams_per_log_in

    @property
    def log_ins(self) -> float:
        """Log-ins on the average day."""
        return self.people * self.log_ins_a_day

    @property
    def peak_log_ins(self) -> float:
        """Log-ins per second in the busiest minute of the busiest hour of a busy day."""
        return self.log_ins * self.busy_day * PEAK_HOUR_SHARE / 3600 * self.busy_minute

    @property
    def peak_hour_log_ins(self) -> float:
        """Log-ins per second over the busiest hour of a busy day."""
        return self.peak_log_ins / self.busy_minute

    def peak(self) -> Rates:
        """Return what begins in a second of that minute; the sessions that end now began an hour ago, at its peak."""
        log_ins = self.peak_log_ins
        return Rates(
            log_ins=log_ins,
            roams=log_ins * self.roams_per_log_in,
            refreshes=log_ins * self.clients * self.refreshes_per_sign_in,
            log_outs=log_ins * self.log_outs,
            clients=self.clients,
            run_out=log_ins * (1 - self.log_outs),
        )


@dataclass(frozen=True)
class Needed:
    """Cores in full use at the peak, for each kind of thing there is, and commits, writes and signals a second."""

    loops: float
    hashes: float
    database: float
    commits: float
    wal: float
    signals: float


def needed(rates: Rates, costs: Costs, passwords: float = 1.0) -> Needed:
    """Return what these rates keep busy, without any queue."""
    signals = rates.clients * (rates.log_outs + rates.run_out)
    each = (
        (rates.log_ins, LOG_IN),
        (rates.roams, ROAM),
        (rates.refreshes, ("refresh",)),
        (rates.log_outs + rates.run_out, ("end_session",)),
        (signals, ("signal",)),
    )
    return Needed(
        loops=sum(rate * costs.of(names) for rate, names in each),
        hashes=rates.log_ins * passwords * costs.hash_seconds,
        database=sum(rate * costs.database_of(names) for rate, names in each),
        commits=sum(rate * costs.commits_of(names) for rate, names in each),
        wal=sum(rate * sum(costs.endpoints[name].wal for name in names) for rate, names in each),
        signals=signals,
    )
