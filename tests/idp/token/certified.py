"""Clients of the certification set, and codes for them that nobody had to log in for."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

import httpx

from idp.model import Grant
from idp.oauth import authorization_code
from idp.oauth.secret_hash import hash_of
from tests.idp.provider import Provider
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def certified_clients(listener: Listener) -> list[Registration]:
    """Return clients that authenticate in each way, and two on FAPI 2; each says by its name which it is."""
    port = listener.port
    return [
        Registration.make("by-basic", port, auth="client_secret_basic"),
        Registration.make("by-post", port, auth="client_secret_post", require_pkce=False),
        Registration.make("by-key", port),
        Registration.make("by-other-key", port, dpop_bound_access_tokens=True),
        Registration.make("public", port, auth="none"),
        Registration.make("fapi", port, alg="PS256", profile="fapi2"),
        Registration.make("other-fapi", port, alg="EdDSA", profile="fapi2"),
    ]


def code_for(provider: Provider, client: PortalClient, **changes: Any) -> str:
    """Return the code of a grant for offline access that is in the store as if somebody had just allowed it."""
    now = provider.clock()
    right: dict[str, Any] = {
        "grant_id": secrets.token_urlsafe(12),
        "client_id": client.client_id,
        "user_id": "li.beijing",
        "session_id": "none",
        "sid": secrets.token_urlsafe(12),
        "sub": "li at this client",
        "redirect_uri": client.redirect_uri,
        "scope": ("openid", "profile", "offline_access"),
        "resource": None,
        "nonce": None,
        "code_challenge": CHALLENGE,
        "auth_time": int(now),
        "level": 2,
        "amr": ("pwd",),
        "issued_at": now,
        "code_expires_at": now + 60,
        "offline": True,
    }
    grant = Grant(**{**right, **changes})
    code = authorization_code.new(grant)
    provider.run(provider.parts.stores.grants.issue(grant, hash_of(code)))
    return code


def redemption(client: PortalClient, code: str, **changes: str | None) -> dict[str, str | None]:
    """Return the parameters that redeem `code`."""
    right = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    }
    return {**right, **changes}


def redeem(
    client: PortalClient, code: str, headers: dict[str, Any] | None = None, **changes: str | None
) -> httpx.Response:
    """Redeem `code`."""
    return client.call("/token", redemption(client, code, **changes), headers)


def refresh(
    client: PortalClient, refresh_token: str, headers: dict[str, Any] | None = None, **changes: str | None
) -> httpx.Response:
    """Ask for new tokens."""
    return client.call("/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes})


def tokens(response: httpx.Response) -> dict[str, Any]:
    """Return the answer after checking that it is a good one (RFC 6749 5.1)."""
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    answer: dict[str, Any] = response.json()
    return answer
