"""Runs a script that uses a client library of npm; the person's part is played by a Visitor."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.clients.node_setup import FOLDER, node
from tests.clients.provider import INITIAL_ACCESS_TOKEN, Provider
from tests.visitor import Visitor


class Objection(Exception):
    """What a library did not accept: its code, the error that it was answered, and where it said so."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(f"{told['stack']}\n{told['cause']}")
        self.code = told.get("code")
        self.error = told.get("error")


@dataclass(frozen=True)
class Person:
    """Somebody at a browser: logs in where asked to, and answers what else is asked with `decision`."""

    visitor: Visitor
    username: str = "every.claim"
    decision: str = "allow"

    def visit(self, url: str) -> str:
        """Open `url` and return where the browser was sent when it left the provider."""
        response = self.visitor.follow(self.visitor.get(url))
        while response.status_code == 200:
            if "login-submit" in response.text:
                response = self.visitor.follow(self.visitor.log_in(response, self.username))
            else:
                response = self.visitor.follow(self.visitor.submit(response, f"consent-{self.decision}"))
        assert response.status_code in (302, 303), f"{response.status_code} at {response.url}: {response.text[:800]}"
        return str(response.headers["location"])


class Library:
    """A script on the client library of that name, in a process of its own; a context manager."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self._provider = provider

    def __enter__(self) -> Self:
        """Start node."""
        self._running = subprocess.Popen(
            [node(), "--import", "./loopback.mjs", f"{self.name}.mjs"],
            cwd=FOLDER,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self._provider.authority)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop node."""
        self._running.kill()
        # Reads what is left and closes both pipes.
        self._running.communicate()

    def play(self, flow: str, client_id: str, person: Person, **story: Any) -> dict[str, Any]:
        """Let the library play `flow` as that client and return what came of it. Raises Objection."""
        said = self._told({"flow": flow, **_story(self._provider, client_id), **story})
        while "visit" in said:
            said = self._told({"landed": person.visit(said["visit"])})
        if "objection" in said:
            raise Objection(said["objection"])
        result: dict[str, Any] = said["result"]
        return result

    def _told(self, what: Mapping[str, Any]) -> dict[str, Any]:
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(json.dumps(what) + "\n")
        self._running.stdin.flush()
        line = self._running.stdout.readline()
        assert line, f"{self.name} has ended"
        said: dict[str, Any] = json.loads(line)
        return said


def _story(provider: Provider, client_id: str) -> dict[str, Any]:
    registration = provider.registrations[client_id]
    table = registration.table
    return {
        "issuer": provider.issuer,
        "client_id": client_id,
        "method": table["token_endpoint_auth_method"],
        "secret": registration.secret,
        "key": registration.key.as_dict(private=True),
        "alg": table.get("token_endpoint_auth_signing_alg"),
        "metadata": {name: value for name, value in table.items() if name.endswith("_signed_response_alg")},
        "redirect_uri": table["redirect_uris"][0],
        "onward": table["post_logout_redirect_uris"][0],
        "api": f"{registration.address}/api",
        "initial_access_token": INITIAL_ACCESS_TOKEN,
        "asked": {"scope": "openid profile"},
    }


def log_out(visitor: Visitor, end_session: str) -> tuple[bool, str]:
    """Send the browser to the address that the library made; return whether it asked, and where it led onward."""
    response = visitor.get(end_session)
    asked = "logout-yes" in response.text
    if asked:
        response = visitor.submit(response, "logout-yes")
    assert response.status_code == 303, f"{response.status_code}: {response.text[:800]}"
    return asked, str(response.headers["location"])
