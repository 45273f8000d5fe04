"""Clients that sign in other ways than ES256 with a registered key, at a provider of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.idp.provider import Provider
from tests.listener import Listener, Reply
from tests.portal_client import PortalClient, Registration

JWKS_PATH = "/jwks/by-uri"


def other_clients(listener: Listener) -> list[Registration]:
    port = listener.port
    by_uri = f"http://by-uri.localhost:{port}{JWKS_PATH}"
    return [
        Registration.make("by-uri", port, jwks=None, jwks_uri=by_uri),
        Registration.make("signs-rs256", port, alg="RS256"),
        Registration.make("signs-ps256", port, alg="PS256"),
        Registration.make("signs-eddsa", port, alg="EdDSA"),
    ]


@pytest.fixture(scope="session")
def shared_other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("other"), other_clients) as running:
        yield running


@pytest.fixture
def by_uri(shared_other: Provider) -> PortalClient:
    """A client whose keys are fetched; none has been fetched yet, and its jwks_uri answers well."""
    shared_other.clock.advance(1000)
    client = shared_other.client("by-uri")
    key = client.registration.key.as_dict(private=False)
    shared_other.listener.replies[JWKS_PATH] = Reply(body=json.dumps({"keys": [key]}).encode())
    return client


def authenticated(client: PortalClient, assertion: str | None = None, **parameters: str | None) -> bool:
    """Tell whether the provider takes the client for who it is: then it goes on to refuse the made-up code."""
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": "made-up", **parameters}
    if assertion is not None:
        form["client_assertion"] = assertion
    response = client.call("/token", form)
    error = response.json()["error"]
    assert (response.status_code, error) in ((401, "invalid_client"), (400, "invalid_grant")), response.text
    return bool(error == "invalid_grant")
