"""What the provider tells Prometheus: docs/metrics.md lists it all.

`client` is the name of a client that the operator registered; all that registered themselves are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from prometheus_client import Gauge

from idp.stores.protocols import Backlog, StoredKey
from web.counting import Count
from web.metrics import RequestTimes, new_registry

REGISTERED = "registered"


class Metrics:
    """Counters of one provider process, and gauges that are set when somebody asks."""

    def __init__(self, operators: Iterable[str]) -> None:
        self.registry = new_registry()
        self.requests = RequestTimes(self.registry)
        self._operators = frozenset(operators)
        self._events = Count(self.registry, "manyou_events", "Security events, by name.", "event")
        self._refusals = Count(self.registry, "manyou_refusals", "Refusals, by event and code.", "event", "code")
        self._log_ins = Count(self.registry, "manyou_log_ins", "Attempts to log in, by what came of them.", "outcome")
        self._tokens = Count(
            self.registry, "manyou_tokens_issued", "Codes and tokens issued.", "client", "grant", "kind"
        )
        self._store_errors = Count(
            self.registry, "manyou_store_errors", "Times the database did not answer, by who asked.", "asked"
        )
        self._waiting = Gauge("manyou_deliveries_waiting", "Logout tokens in the queue.", registry=self.registry)
        self._oldest = Gauge(
            "manyou_delivery_oldest_seconds", "Age of the oldest logout token in the queue.", registry=self.registry
        )
        self._key_age = Gauge(
            "manyou_signing_key_age_seconds",
            "Seconds since a signing key came into its state; of several the longest.",
            ("alg", "state"),
            registry=self.registry,
        )
        self._passwords = Gauge(
            "manyou_passwords_waiting",
            "Log-ins whose password is hashed or waits.",
            registry=self.registry,
        )

    def event(self, name: str) -> None:
        """Count a security event."""
        self._events.add(name)

    def refusal(self, event: str, code: str) -> None:
        """Count a refusal by the event that tells of it and the error code that its caller got."""
        self._refusals.add(event, code)

    def log_in(self, outcome: str) -> None:
        """Count an attempt to log in."""
        self._log_ins.add(outcome)

    def issued(self, client_id: str, grant: str, kinds: Iterable[str]) -> None:
        """Count what a client was given at once."""
        client = client_id if client_id in self._operators else REGISTERED
        for kind in kinds:
            self._tokens.add(client, grant, kind)

    def store_error(self, asked: str) -> None:
        """Count that the database did not answer a request, or the upkeep."""
        self._store_errors.add(asked)

    def passwords(self, waiting: int) -> None:
        """Say how many log-ins have a place in the queue of password hashes."""
        self._passwords.set(waiting)

    def deliveries(self, backlog: Backlog | None, now: float) -> None:
        """Say what waits in the queue of logout tokens; None where the database does not tell."""
        waiting, age = (math.nan, math.nan) if backlog is None else (backlog.waiting, 0.0)
        if backlog is not None and backlog.oldest_at is not None:
            age = max(0.0, now - backlog.oldest_at)
        self._waiting.set(waiting)
        self._oldest.set(age)

    def keys(self, keys: Sequence[StoredKey], now: float) -> None:
        """Say how long the keys have been what they are."""
        self._key_age.clear()
        since: dict[tuple[str, str], float] = {}
        for key in keys:
            at = {"current": key.activated_at, "retired": key.retired_at}.get(key.state) or key.created_at
            since[key.alg, key.state] = min(at, since.get((key.alg, key.state), at))
        for labels, at in since.items():
            self._key_age.labels(*labels).set(max(0.0, now - at))
