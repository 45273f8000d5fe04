"""How a client pushes an authorization request, and goes on with what it got for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.idp.provider import Provider
from tests.portal_client import Asked, PortalClient, Tokens
from web.dpop import make_proof, thumbprint

KEY = ECKey.generate_key("P-256")
JKT = thumbprint(KEY.as_dict(private=False))


def push(client: PortalClient, asked: Asked, proof: str | None = None, **changes: str | None) -> httpx.Response:
    """Push `asked` as that client, changed by `changes`."""
    headers = {} if proof is None else {"dpop": proof}
    return client.call("/par", {**asked.parameters, **changes}, headers=headers)


def pushed(client: PortalClient, asked: Asked, proof: str | None = None, **changes: str | None) -> str:
    """Push `asked` and return its request_uri."""
    response = push(client, asked, proof, **changes)
    assert response.status_code == 201, response.text
    return str(response.json()["request_uri"])


def by_reference(client: PortalClient, asked: Asked, request_uri: str, **more: str) -> Asked:
    """Return the authorization request that only names the pushed one; the code_verifier stays."""
    return Asked({"client_id": client.client_id, "request_uri": request_uri, **more}, asked.code_verifier)


def strict_tokens(provider: Provider, client: PortalClient) -> Tokens:
    """Sign in as FAPI 2.0 asks for it: pushed, with tokens bound to a key."""
    visitor, asked = provider.visitor(), client.ask()
    page = visitor.follow(client.authorize(visitor, by_reference(client, asked, pushed(client, asked))))
    landing = client.landing(asked, visitor.follow(visitor.log_in(page, "li.beijing")))
    answer = client.exchange(landing)
    assert answer.status_code == 200, answer.text
    return Tokens(answer.json(), landing)


@pytest.fixture
def make(provider: Provider) -> Callable[..., str]:
    """Make a good DPoP proof for POST /par, or one with something changed."""

    def proof(**changes: Any) -> str:
        right = {"method": "POST", "url": f"{provider.issuer}/par", "now": provider.clock()}
        return make_proof(KEY, **{**right, "nonce": provider.parts.proofs.nonce(), **changes})

    return proof
