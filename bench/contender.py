"""One provider under load: a checkout's or the peer's, with a person logged in, and every answer checked.

It may be several processes on one database: then each request of a roam goes to any of them.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from browser import log_in
from client_kinds import PEERS_KIND, ClientKind, Code, Metadata, Roamed
from http_messages import BadAnswer, get
from joserfc import jwt
from joserfc.jwk import KeySet
from load import Conversation, Load, Waits
from peer_process import PeerProcess
from postgres_process import PostgresProcess
from provider_process import ProviderProcess
from server_process import ServerProcess

USERNAME = "li.beijing"
CONNECTIONS = 16
REST_SECONDS = 0.02
SAMPLE = 20
"""One in so many ID tokens is verified."""
PEER = "npm oidc-provider"
SQLITE, POSTGRESQL = DATABASES = ("sqlite", "postgresql")


@dataclass
class Figures:
    """What a number of roams cost: CPU milliseconds of the server, seconds together, and each answer's, by endpoint.

    `database_ms` are those of PostgreSQL's processes. Of roams that came to nothing `errors` tell why.
    """

    roams: int = 0
    cpu_ms: float = 0.0
    database_ms: float = 0.0
    seconds: float = 0.0
    waits: Waits = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Add what came after."""
        self.roams += other.roams
        self.cpu_ms += other.cpu_ms
        self.database_ms += other.database_ms
        self.seconds += other.seconds
        for endpoint, waits in other.waits.items():
            self.waits.setdefault(endpoint, []).extend(waits)
        self.errors += other.errors


class Contender:
    """A provider that runs, the client that roams there, and the session of a person."""

    def __init__(
        self,
        name: str,
        kind: ClientKind,
        other: ClientKind,
        servers: Sequence[ServerProcess],
        postgres: PostgresProcess | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.servers = servers
        self.postgres = postgres
        self.ports = [server.port for server in servers]
        self.metadata: Metadata = servers[0].metadata()
        self._other = other
        self._keys = KeySet.import_key_set(httpx.get(self.metadata["jwks_uri"], trust_env=False).json())
        self._cookie = self._log_in(self.kind)

    def measure(self, roams: int, *, errors_allowed: bool = False) -> Figures:
        """Return what so many roams cost."""
        with Load(self.ports, CONNECTIONS) as load:
            load.greet(get("/jwks", self.metadata["jwks_uri"]))
            time.sleep(REST_SECONDS)
            before = self.cpu_ms()
            outcome = load.run(self.roam, roams, errors_allowed=errors_allowed)
            # What the provider does after its last answer is part of the cost.
            time.sleep(REST_SECONDS)
            cpu_ms, database_ms = (now - then for now, then in zip(self.cpu_ms(), before, strict=True))
        for roamed in outcome.results[::SAMPLE]:
            self.verify(roamed)
        return Figures(roams, cpu_ms, database_ms, outcome.seconds, outcome.waits, outcome.errors)

    def roam(self) -> Conversation[Roamed]:
        """Return a roam of the person who is logged in."""
        return self.kind.roam(self.metadata, self._cookie)

    def cpu_ms(self) -> tuple[float, float]:
        """Return what the provider's processes have used so far, and what PostgreSQL's have."""
        database = self.postgres.cpu_ms() if self.postgres else 0.0
        return sum(server.cpu_ms() for server in self.servers), database

    def refuses(self) -> None:
        """Confirm that a wrong verifier, a wrong client and a replayed code are refused, in a session of their own.

        Raises BadAnswer. A replay may end what came of the code, and with it the session's part at the client.
        """
        cookie = self._log_in(self.kind)
        kind, metadata = self.kind, self.metadata

        def code() -> Code:
            return self._alone(kind.code(metadata, cookie))

        # The other one is in use itself, so that it knows what is asked of it and its refusal is for the code.
        self._log_in(self._other)
        wrong = secrets.token_urlsafe(48)
        refused = {
            "a wrong verifier": self._alone(kind.redeem(metadata, code(), verifier=wrong)),
            "another client": self._alone(kind.redeem(metadata, code(), by=self._other)),
        }
        used = code()
        first = self._alone(kind.redeem(metadata, used))
        if first.status != 200:
            raise BadAnswer(f"{self.name}: a code was answered with {first.status}")
        refused["a replayed code"] = self._alone(kind.redeem(metadata, used))
        for what, answer in refused.items():
            if answer.status != 400 or answer.json()["error"] != "invalid_grant":
                raise BadAnswer(f"{self.name}: {what} was answered with {answer.status} {answer.body[:200]!r}")

    def _alone(self, conversation: Conversation[Any]) -> Any:
        with Load(self.ports, 1) as load:
            return load.run(lambda: conversation, 1).results[0]

    def _log_in(self, kind: ClientKind) -> str:
        """Log the person in by whatever pages the provider shows, and return the browser's cookies as one header."""
        cookies: str = self._alone(log_in(kind, self.metadata, USERNAME)).cookies
        return cookies

    def verify(self, roamed: Roamed) -> None:
        """Verify an ID token (Core 3.1.3.7) and the signature of its access token. Raises BadAnswer."""
        issuer, access_token = self.metadata["issuer"], roamed.answer["access_token"]
        claims = jwt.decode(roamed.answer["id_token"], self._keys, algorithms=["ES256"]).claims
        half = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()
        expected = {"iss": issuer, "aud": self.kind.client_id, "nonce": roamed.nonce}
        if self.name != PEER:
            # Core 3.1.3.6 leaves it open here, and the peer leaves it out.
            expected["at_hash"] = half
        if any(claims.get(name) != value for name, value in expected.items()) or claims["exp"] < time.time():
            raise BadAnswer(f"{self.name}: an ID token says {claims}")
        access = jwt.decode(access_token, self._keys, algorithms=["ES256"])
        if access.header.get("typ") != "at+jwt" or access.claims["iss"] != issuer:
            raise BadAnswer(f"{self.name}: an access token says {access.header} {access.claims}")


def start(
    checkouts: Sequence[tuple[str, Path]],
    kinds: Sequence[type[ClientKind]],
    place: Path,
    stack: ExitStack,
    *,
    databases: Sequence[str] = (SQLITE,),
    copies: Sequence[int] = (1,),
    peer: bool = False,
) -> list[Contender]:
    """Start every checkout's provider for each kind that it knows, on each database, and the peer for its one.

    Each is started once for every number in `copies`, with so many processes.
    """
    postgres = stack.enter_context(PostgresProcess()) if POSTGRESQL in databases else None
    found: list[Contender] = []
    for number, (name, path) in enumerate(checkouts):
        for one in kinds:
            folder = place / f"{number}-{one.name}"
            with ProviderProcess(path, folder / "asked", {}, one.features) as asked:
                if not one().served_by(asked.metadata()):
                    continue
            for database in databases:
                for many in copies:
                    kind, other = one(), one(other=True)
                    tables = {each.client_id: each.table() for each in (kind, other)}
                    its = postgres if database == POSTGRESQL else None
                    first = ProviderProcess(
                        path, folder / f"{database}-{many}", tables, one.features, its.fresh() if its else ""
                    )
                    servers = [stack.enter_context(first)]
                    servers += [stack.enter_context(first.copy()) for _ in range(many - 1)]
                    found.append(Contender(_named(name, database, many), kind, other, servers, its))
    if peer and PEERS_KIND in kinds:
        basic, second = PEERS_KIND(), PEERS_KIND(other=True)
        metadata = [{**one.table(), "client_id": one.client_id, "client_secret": one.secret} for one in (basic, second)]
        server = stack.enter_context(PeerProcess(place / "peer", metadata))
        found.append(Contender(PEER, basic, second, [server]))
    return found


def _named(checkout: str, database: str, copies: int) -> str:
    on = " on PostgreSQL" if database == POSTGRESQL else ""
    return f"{checkout}{on}" + (f", {copies} processes" if copies > 1 else "")
