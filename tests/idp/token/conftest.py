"""How to tell whether a client was authenticated, and one whose keys are fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.idp.provider import JWKS_PATH, Provider
from tests.idp.token.certified import certified_clients
from tests.listener import Reply
from tests.portal_client import PortalClient


@pytest.fixture(scope="package")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the certification set, whose clock may be moved on."""
    place = tmp_path_factory.mktemp("certified")
    with Provider(place, certified_clients, idp_features="certification") as running:
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
