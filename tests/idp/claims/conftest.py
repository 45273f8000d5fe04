"""A provider with the features of certification, its person with every claim, and clients that ask for single ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.idp.provider import Provider
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration
from tests.visitor import Visitor

FULL = "every.claim"


def clients(listener: Listener) -> Iterable[Registration]:
    """Clients of a consent basis; each says by its name what is special about it."""
    port = listener.port
    every: dict[str, Any] = {"legal_basis": "consent", "resources": None, "id_token_signed_response_alg": None}
    return [
        Registration.make("asks", port, **every),
        Registration.make("not-for-phones", port, **{**every, "scope": "openid profile email"}),
        Registration.make("signed-rs256", port, **every, userinfo_signed_response_alg="RS256"),
        Registration.make("signed-es256", port, **every, userinfo_signed_response_alg="ES256"),
        Registration.make("ages", port, **every, default_max_age=60, require_auth_time=True),
        Registration.make("on-duty", port, resources=None),
    ]


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("certified"), clients, idp_features="certification") as running:
        yield running


@pytest.fixture
def provider(certified: Provider) -> Iterator[Provider]:
    """The certification provider, its people having consented to nothing yet."""
    certified.clock.advance(4000)
    for client_id in certified.registrations:
        certified.run(certified.parts.stores.consents.withdraw(FULL, client_id, certified.clock()))
    yield certified
    certified.say_goodbye()


@pytest.fixture
def client(provider: Provider) -> PortalClient:
    """The client `asks`, which may have everything that the person agrees to."""
    return provider.client("asks")


@pytest.fixture
def signed_in(client: PortalClient, visitor: Visitor) -> Visitor:
    """A browser at which the person with every claim is signed in."""
    client.sign_in(visitor, FULL, scope="openid")
    return visitor
