"""Providers at which clients register themselves, and a client that does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.idp.provider import Provider
from tests.idp.register.metadata import MINIMAL
from tests.portal_client import Registration

INITIAL = "an-initial-access-token-of-some-length"


@dataclass(frozen=True)
class Registrar:
    """Whoever registers clients at a provider."""

    provider: Provider

    def send(self, method: str, url: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Ask with a bearer token, or without."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return self.provider.client("alpha").http.request(
            method, url, headers={**headers, **options.pop("headers", {})}, **options
        )

    def post(self, token: str | None = INITIAL, **metadata: Any) -> httpx.Response:
        """Send metadata to /register."""
        return self.send("POST", f"{self.provider.issuer}/register", token, json={**MINIMAL, **metadata})

    def registered(self, **metadata: Any) -> dict[str, Any]:
        """Register a client and return what it was told."""
        response = self.post(**metadata)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def manage(self, method: str, client: dict[str, Any], **options: Any) -> httpx.Response:
        """Ask at a client's registration_client_uri with its own token."""
        return self.send(method, client["registration_client_uri"], client["registration_access_token"], **options)

    def put(self, client: dict[str, Any], **metadata: Any) -> httpx.Response:
        """Replace a client's metadata."""
        return self.manage("PUT", client, json={"client_id": client["client_id"], **MINIMAL, **metadata})


def one_portal(listener: Any) -> list[Registration]:
    return [Registration.make("alpha", listener.port)]


@pytest.fixture(scope="session")
def shared_registrar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registrar]:
    place = tmp_path_factory.mktemp("register")
    values = {"idp_features": "certification", "idp_initial_access_token": INITIAL, "idp_fetch_allow": "*.localhost"}
    with Provider(place, one_portal, **values) as provider:
        yield Registrar(provider)


@pytest.fixture
def registrar(shared_registrar: Registrar) -> Iterator[Registrar]:
    """Registers clients with an initial access token, at a provider that the tests of this folder share."""
    shared_registrar.provider.clock.advance(4000)
    yield shared_registrar
    shared_registrar.provider.say_goodbye()
