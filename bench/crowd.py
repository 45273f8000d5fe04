"""A provider with many people who have sessions, all of them known here, and whatever else fills its store."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from client_kinds import ClientKind, Roamed
from contender import USERNAME, Contender
from filling import fill, secrets_of
from load import Conversation
from postgres_process import PostgresProcess
from provider_process import ProviderProcess
from stored_rows import Filling, cookie

QUIET_SECONDS, QUIET_SHARE = 4.0, 0.05
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Amounts:
    """How many people there are, live sessions of theirs, and dead rows, and when the sessions were used last."""

    people: int
    sessions: int
    dead: int
    used_ago: float


class Crowd(Contender):
    """A provider at which many people roam, one after the other."""

    def __init__(
        self,
        name: str,
        kind: ClientKind,
        other: ClientKind,
        server: ProviderProcess,
        sessions: int,
        postgres: PostgresProcess | None = None,
    ) -> None:
        super().__init__(name, kind, other, [server], postgres)
        self._sessions = sessions
        self._numbers = self._one_after_the_other()

    def roam(self) -> Conversation[Roamed]:
        """Return a roam of the next person."""
        header = re.sub(r"manyou_session=[^;]*", f"manyou_session={cookie(next(self._numbers))}", self._cookie)
        return self.kind.roam(self.metadata, header)

    def settle(self) -> None:
        """Wait until the provider has done what had come due while it did not run."""
        until = time.monotonic() + PATIENCE_SECONDS
        before, quiet = sum(self.cpu_ms()), False
        while not quiet and time.monotonic() < until:
            time.sleep(QUIET_SECONDS)
            now = sum(self.cpu_ms())
            before, quiet = now, now - before < QUIET_SHARE * QUIET_SECONDS * 1000

    def _one_after_the_other(self) -> Iterator[int]:
        # No session comes twice before all have come, and their keys are hashes.
        step, at = 7_368_787, 0
        while True:
            at = (at + step) % self._sessions
            yield at


def filled(server: ProviderProcess, kind: ClientKind, place: Path, url: str, amounts: Amounts) -> int:
    """Let a provider that does not run yet make its store, and fill that; return how many rows were written.

    `place` is the provider's, `url` its database.
    """
    with server:
        pass
    made = secrets_of(url, place / "var" / "key-secret", USERNAME)
    filling = Filling(
        now=time.time(),
        people=amounts.people,
        sessions=amounts.sessions,
        dead=amounts.dead,
        client_id=kind.client_id,
        redirect_uri=kind.redirect_uri,
        pairwise=made.pairwise,
        password_hash=made.password_hash,
        used_ago=amounts.used_ago,
    )
    return fill(url, filling)
