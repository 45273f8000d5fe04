"""The clients that an operator registers for plans without dynamic registration, their keys made at run time."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from conformance.plans import Kind, Plan

Json = dict[str, Any]
SCOPE = "openid email"
"""Not profile: with it the region says home_region, which is no claim of Core 5.1."""

SECOND_QUERY = "?dummy1=lorem&dummy2=ipsum"
"""The suite's second client is sent back to its callback with this query (RFC 6749 3.1.2)."""

SECRET_CLIENTS = {
    "client": "client_secret_basic",
    "client_secret_post": "client_secret_post",
    "client2": "client_secret_basic",
}
KEY_CLIENTS = {"client": "PS256", "client2": "ES256"}
"""What the suite calls them, and the algorithm of their keys; with PS256 it also tries RS256, which is refused."""


@dataclass(frozen=True)
class StaticClient:
    """One client: its place in the suite's configuration, what the provider is told, and what only the suite knows."""

    place: str
    client_id: str
    table: Json
    credentials: Json

    @property
    def for_suite(self) -> Json:
        """What the suite is told."""
        return {"client_id": self.client_id, "scope": SCOPE, **self.credentials}


class Credentials:
    """Secrets and private keys in one file that only its owner reads; made when they are first asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: Json = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def secret(self, name: str) -> str:
        """Return the secret of that name."""
        kept = self._kept.get(name)
        return str(kept) if kept is not None else str(self._keep(name, secrets.token_urlsafe(32)))

    def key(self, name: str, alg: str) -> Json:
        """Return the private JWK of that name."""
        kept = self._kept.get(name)
        return dict(kept) if kept is not None else dict(self._keep(name, _private_key(name, alg)))

    def _keep(self, name: str, value: Any) -> Any:
        self._kept[name] = value
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._kept, file, indent=1)
        return value


def static_clients(plan: Plan, callback: str, credentials: Credentials) -> list[StaticClient]:
    """Return the clients of a plan whose clients do not register themselves; `callback` is where the suite listens."""
    if plan.clients == "dynamic":
        return []
    if plan.clients == "secret":
        return [_with_secret(plan, place, method, callback, credentials) for place, method in SECRET_CLIENTS.items()]
    return [_with_key(plan, plan.clients, place, alg, callback, credentials) for place, alg in KEY_CLIENTS.items()]


def _with_secret(plan: Plan, place: str, method: str, callback: str, credentials: Credentials) -> StaticClient:
    client_id = _client_id(plan, place)
    secret = credentials.secret(client_id)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    # Clients of OpenID Connect Core that know no PKCE are what these plans are about.
    table = {
        **_table(plan, callback),
        "require_pkce": False,
        "token_endpoint_auth_method": method,
        "client_secret_sha256": digest,
    }
    return StaticClient(place, client_id, table, {"client_secret": secret})


def _with_key(plan: Plan, kind: Kind, place: str, alg: str, callback: str, credentials: Credentials) -> StaticClient:
    client_id = _client_id(plan, place)
    private = credentials.key(client_id, alg)
    public = {name: value for name, value in private.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
    table = {
        **_table(plan, callback),
        "profile": "fapi2",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "id_token_signed_response_alg": "ES256",
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "jwks": {"keys": [public]},
    }
    if kind != "fapi2":
        table |= {"require_signed_request_object": True, "request_object_signing_alg": alg}
    if kind == "fapi2-jarm":
        table |= {"authorization_signed_response_alg": "ES256"}
    return StaticClient(place, client_id, table, {"jwks": {"keys": [private]}})


def _client_id(plan: Plan, place: str) -> str:
    return f"{plan.name}-{place.replace('_', '-')}"


def _table(plan: Plan, callback: str) -> Json:
    return {
        "client_name": f"Conformance suite, {plan.name}",
        "redirect_uris": [callback, f"{callback}{SECOND_QUERY}"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "subject_type": "pairwise",
        "scope": "openid profile email phone address offline_access",
        # The person decides, so that the module in which they refuse has something to refuse.
        "legal_basis": "consent",
    }


def _private_key(name: str, alg: str) -> Json:
    parameters: Any = {"use": "sig", "alg": alg, "kid": f"{name}-{secrets.token_hex(4)}"}
    key = RSAKey.generate_key(2048, parameters) if alg == "PS256" else ECKey.generate_key("P-256", parameters)
    return {**key.as_dict(private=True)}


def write_folder(client: StaticClient, number: int, places: Path) -> None:
    """Write the folder that tells the provider of the client; `number` keeps their unused addresses apart."""
    folder = places / client.client_id
    folder.mkdir(parents=True, exist_ok=True)
    tables: Json = {"service": {"host": f"{client.client_id}.localhost", "offset": number}, "client": client.table}
    lines = [
        line
        for name, entries in tables.items()
        for line in (f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in entries.items()))
    ]
    (folder / "portal.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # Texts, numbers and truth values are written alike in both.
    return json.dumps(value)
