"""One provider with all of its doors open, for tests that try to break one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.idp.provider import Provider
from tests.listener import Listener
from tests.portal_client import Registration

ALLOWED = "allowed.localhost"
"""The one host of our own network that strangers may name."""


def clients(listener: Listener) -> list[Registration]:
    port = listener.port
    more: dict[str, Any] = {"backchannel_logout_uri": None, "backchannel_logout_session_required": None}
    rsa: dict[str, Any] = {"alg": "RS256", "id_token_signed_response_alg": "RS256"}
    return [
        Registration.make("alpha", port, require_pkce=False, **more),
        Registration.make("by-rsa", port, require_pkce=False, **rsa, **more),
        Registration.make("fapi", port, profile="fapi2", **more),
        Registration.make(
            "publishes", port, jwks=None, jwks_uri=f"http://keys.localhost:{port}/huge-keys", alg="RS256", **more
        ),
    ]


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    place = tmp_path_factory.mktemp("attacked")
    with Provider(place, clients, idp_features="certification", idp_fetch_allow=ALLOWED) as running:
        yield running
