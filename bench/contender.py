"""One provider under load: a checkout's or the peer's, with a person logged in, and every answer checked."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from client_kinds import PEERS_KIND, ClientKind, Code, Metadata, Roamed
from http_messages import Answer, BadAnswer, get
from joserfc import jwt
from joserfc.jwk import KeySet
from load import Conversation, Load
from peer_process import PeerProcess
from provider_process import ProviderProcess
from server_process import ServerProcess

USERNAME, PASSWORD = "li.beijing", "manyou-demo"
CONNECTIONS = 16
REST_SECONDS = 0.02
SAMPLE = 20
"""One in so many ID tokens is verified."""
MOST_HOPS = 10


@dataclass
class Figures:
    """What a number of roams cost: CPU milliseconds of the server, seconds together, and each answer's, by endpoint."""

    roams: int = 0
    cpu_ms: float = 0.0
    seconds: float = 0.0
    waits: dict[str, list[float]] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Add what came after."""
        self.roams += other.roams
        self.cpu_ms += other.cpu_ms
        self.seconds += other.seconds
        for endpoint, waits in other.waits.items():
            self.waits.setdefault(endpoint, []).extend(waits)


class Contender:
    """A provider that runs, the client that roams there, and the session of a person."""

    def __init__(self, name: str, kind: ClientKind, other: ClientKind, server: ServerProcess) -> None:
        self.name = name
        self.kind = kind
        self.server = server
        self._other = other
        self._metadata: Metadata = server.metadata()
        self._keys = KeySet.import_key_set(httpx.get(self._metadata["jwks_uri"], trust_env=False).json())
        self._cookie = self._log_in(self.kind)

    def measure(self, roams: int) -> Figures:
        """Return what so many roams cost."""
        with Load(self.server.port, CONNECTIONS) as load:
            load.greet(get("/jwks", self._metadata["jwks_uri"]))
            time.sleep(REST_SECONDS)
            before = self.server.cpu_ms()
            outcome = load.run(lambda: self.kind.roam(self._metadata, self._cookie), roams)
            # What the provider does after its last answer is part of the cost.
            time.sleep(REST_SECONDS)
            cpu_ms = self.server.cpu_ms() - before
        for roamed in outcome.results[::SAMPLE]:
            self._verify(roamed)
        return Figures(len(outcome.results), cpu_ms, outcome.seconds, outcome.waits)

    def refuses(self) -> None:
        """Confirm that a wrong verifier, a wrong client and a replayed code are refused, in a session of their own.

        Raises BadAnswer. A replay may end what came of the code, and with it the session's part at the client.
        """
        cookie = self._log_in(self.kind)
        kind, metadata = self.kind, self._metadata

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
        with Load(self.server.port, 1) as load:
            return load.run(lambda: conversation, 1).results[0]

    def _log_in(self, kind: ClientKind) -> str:
        """Log the person in by whatever pages the provider shows, and return the browser's cookies as one header."""
        with httpx.Client(timeout=60, trust_env=False) as browser:
            conversation = kind.code(self._metadata, "")
            message = next(conversation)
            while message.endpoint != "/authorize":
                with Load(self.server.port, 1) as load:
                    message = conversation.send(load.run(lambda sent=message: _exchange(sent), 1).results[0])
            url = message.url
            for _ in range(MOST_HOPS):
                answer = browser.get(url)
                if not answer.is_redirect:
                    answer = _filled_in(browser, answer)
                url = urljoin(url, answer.headers.get("location", ""))
                if url.startswith(kind.redirect_uri):
                    # Those of one path are of a log-in that is over, and Secure ones come over http on loopback names.
                    return "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar if one.path == "/")
        raise BadAnswer(f"{self.name}: nobody could log in; the last answer was {answer.status_code} at {url}")

    def _verify(self, roamed: Roamed) -> None:
        """Verify an ID token (Core 3.1.3.7) and the signature of its access token. Raises BadAnswer."""
        issuer, access_token = self._metadata["issuer"], roamed.answer["access_token"]
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


def _exchange(message: Any) -> Conversation[Answer]:
    answer = yield message
    return answer


def _filled_in(browser: httpx.Client, page: httpx.Response) -> httpx.Response:
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    form = {name: html.unescape(value) for name, value in hidden}
    return browser.post(urljoin(str(page.url), "/login"), data={**form, "username": USERNAME, "password": PASSWORD})


def start(
    checkouts: Sequence[tuple[str, Path]], kinds: Sequence[type[ClientKind]], peer: bool, place: Path, stack: ExitStack
) -> list[Contender]:
    """Start every checkout's provider for each kind that it knows, and the peer for its one."""
    found: list[Contender] = []
    for number, (name, path) in enumerate(checkouts):
        for one in kinds:
            kind, other = one(), one(other=True)
            folder = place / f"{number}-{kind.name}"
            with ProviderProcess(path, folder / "asked", {}, kind.features) as asked:
                served = kind.served_by(asked.metadata())
            if served:
                tables = {each.client_id: each.table() for each in (kind, other)}
                server = stack.enter_context(ProviderProcess(path, folder / "measured", tables, kind.features))
                found.append(Contender(name, kind, other, server))
    if peer and PEERS_KIND in kinds:
        basic, second = PEERS_KIND(), PEERS_KIND(other=True)
        metadata = [{**one.table(), "client_id": one.client_id, "client_secret": one.secret} for one in (basic, second)]
        server = stack.enter_context(PeerProcess(place / "peer", metadata))
        found.append(Contender(PEER, basic, second, server))
    return found


PEER = "npm oidc-provider"
