"""What is killed under people who roam: the provider, PostgreSQL below it, one of its connections, or both at once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import psycopg

from tests.faults.provider_process import ProviderProcess
from tests.faults.roaming import Gate
from tests.postgres import PostgresServer

START_AGAIN = 0.25
"""How often a start is killed as well."""


class Victims:
    """Kills one after the other and starts it again; `kills` counts what was killed."""

    def __init__(
        self, provider: ProviderProcess, server: PostgresServer | None, gate: Gate, rng: random.Random
    ) -> None:
        self._provider = provider
        self._server = server
        self._gate = gate
        self._rng = rng
        self.kills: Counter[str] = Counter()

    def kill(self) -> None:
        """Kill something and start it again; return when it answers."""
        server = self._server
        if server is None:
            self._kill_provider()
            return
        what = self._rng.choice(("provider", "postmaster", "server", "connection", "both"))
        if what == "provider":
            self._kill_provider()
        elif what == "both":
            self._gate.up.clear()
            for kill in self._rng.sample([self._provider.kill, lambda: server.kill(whole=True)], 2):
                kill()
            server.start()
            self._start_provider()
            self.kills[what] += 1
        else:
            # Nobody is told: who asks meanwhile is answered by the provider, which has to say 503.
            if what == "connection":
                self._kill_connection(server)
            else:
                server.kill(whole=what == "server")
                time.sleep(self._rng.uniform(0, 0.3))
                server.start()
            self._provider.wait_ready()
            self.kills[what] += 1

    def _kill_provider(self) -> None:
        self._gate.up.clear()
        self._provider.kill()
        self.kills["provider"] += 1
        if self._rng.random() < START_AGAIN:
            self._provider.start()
            time.sleep(self._rng.uniform(0, 1.5))
            self._provider.kill()
            self.kills["provider"] += 1
        self._start_provider()

    def _start_provider(self) -> None:
        self._provider.start()
        self._provider.wait_ready()
        if not self._gate.stopped:
            self._gate.up.set()

    def _kill_connection(self, server: PostgresServer) -> None:
        """Kill the process behind one of the provider's connections; PostgreSQL then ends them all and recovers."""
        with psycopg.connect(server.url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "AND query NOT LIKE '%pg_stat_activity%'"
            ).fetchall()
        if found:
            with suppress(ProcessLookupError):
                os.kill(self._rng.choice(found)[0], signal.SIGKILL)
