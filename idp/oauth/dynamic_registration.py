"""Clients that register themselves, and look after their registration (RFC 7591 3, RFC 7592 2)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from idp.errors import RegistrationRefusal
from idp.model import RegisteredClient
from idp.oauth import sector_identifier
from idp.oauth.client_metadata import Terms, registered
from idp.oauth.client_metadata_shapes import BadMetadata
from idp.oauth.client_metadata_uris import places
from idp.oauth.derived_secrets import CLIENT_SECRET_JWT, DerivedSecrets
from idp.oauth.secret_hash import hash_of, matches
from idp.stores.protocols import RegisteredClients
from web.clock import Clock
from web.fetch import Fetcher

MOST_OPEN = 10_000
"""How many clients there may be that nobody vouched for; the sweep makes room after a week."""
FULL_SECONDS = 3600

_NOT_THE_CLIENTS = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
# Compared with where there is no client, so that this takes the same time.
_NOBODYS_TOKEN = hash_of(secrets.token_urlsafe(32))
# Two changes within one tick of the clock are two changes, which whoever keeps built clients must see.
_TICK = 0.001


@dataclass(frozen=True)
class DynamicRegistration:
    """What /register does, once it is known who asks."""

    store: RegisteredClients
    fetcher: Fetcher
    terms: Terms
    issuer: str
    clock: Clock
    derived_secrets: DerivedSecrets

    async def register(self, metadata: Mapping[str, Any], *, vouched: bool) -> dict[str, Any]:
        """Register a client and return what it is told (RFC 7591 3.2.1). Raises RegistrationRefusal."""
        table = await self._checked(metadata)
        client_id, token = secrets.token_hex(16), secrets.token_urlsafe(32)
        secret = self._new_secret(client_id, table)
        now = self.clock()
        row = RegisteredClient(
            client_id=client_id,
            metadata=table,
            registration_token_hash=hash_of(token),
            issued_at=int(now),
            changed_at=now,
            secret_hash=hash_of(secret) if secret is not None else None,
            vouched=vouched,
        )
        if not await self.store.add(row, MOST_OPEN):
            raise RegistrationRefusal(
                "temporarily_unavailable",
                "Too many clients have registered.",
                status=503,
                headers={"retry-after": str(FULL_SECONDS)},
            )
        return self._answer(row, token, secret)

    async def found(self, client_id: str, token: str | None) -> RegisteredClient:
        """Return the client whose registration_access_token that is. Raises RegistrationRefusal.

        An unknown client and a wrong token are answered alike (RFC 7592 2.1).
        """
        row = await self.store.get(client_id) if len(client_id) <= 64 else None
        good = matches(token or "", row.registration_token_hash if row is not None else _NOBODYS_TOKEN)
        if not good:
            reason = "no such client" if row is None else "wrong registration_access_token"
            raise RegistrationRefusal(
                "invalid_token", "A good registration_access_token is needed.", reason=reason, status=401
            )
        assert row is not None
        return row

    def read(self, row: RegisteredClient, token: str) -> dict[str, Any]:
        """Return what is registered; the secret is not, since only its hash is kept (RFC 7592 2.1)."""
        return self._answer(row, token, None)

    async def replace(self, row: RegisteredClient, token: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Put other metadata in the place of all that there are (RFC 7592 2.2). Raises RegistrationRefusal."""
        for name in _NOT_THE_CLIENTS:
            if name in metadata:
                raise RegistrationRefusal("invalid_client_metadata", f"{name} must not be sent.")
        if metadata.get("client_id") != row.client_id:
            raise RegistrationRefusal("invalid_client_metadata", "client_id must be that of this client.")
        shown = metadata.get("client_secret")
        if shown is not None and not (isinstance(shown, str) and matches(shown, row.secret_hash)):
            raise RegistrationRefusal("invalid_client_metadata", "client_secret is not that of this client.")
        table = await self._checked(metadata)
        kept = row.secret_hash if self._goes_on(row, table) else None
        secret = shown if kept is not None else self._new_secret(row.client_id, table)
        changed = replace(
            row,
            metadata=table,
            changed_at=max(self.clock(), row.changed_at + _TICK),
            secret_hash=hash_of(secret) if secret is not None else kept,
        )
        # People agreed to give something to whom they saw: a client that sends them elsewhere has to ask anew.
        moved = not places(table["redirect_uris"]) <= places(row.metadata["redirect_uris"])
        if not await self.store.replace(changed, moved=moved):
            raise RegistrationRefusal("invalid_token", "The client is registered no more.", status=401)
        return self._answer(changed, token, secret)

    async def remove(self, row: RegisteredClient) -> None:
        """Take the client away with all that was granted to it (RFC 7592 2.3)."""
        await self.store.remove(row.client_id, self.clock())

    async def _checked(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        try:
            table = registered(metadata, self.terms)
            await sector_identifier.check(table, self.fetcher)
        except BadMetadata as error:
            raise RegistrationRefusal(error.code, error.text) from error
        return table

    def _answer(self, row: RegisteredClient, token: str, secret: str | None) -> dict[str, Any]:
        told = {"client_secret": secret, "client_secret_expires_at": 0} if secret is not None else {}
        return {
            **row.metadata,
            "client_id": row.client_id,
            "client_id_issued_at": row.issued_at,
            **told,
            "registration_access_token": token,
            "registration_client_uri": f"{self.issuer}/register/{row.client_id}",
        }

    def _new_secret(self, client_id: str, table: Mapping[str, Any]) -> str | None:
        if table["token_endpoint_auth_method"] == CLIENT_SECRET_JWT:
            return self.derived_secrets.of(client_id)
        return secrets.token_urlsafe(32) if _has_secret(table) else None

    def _goes_on(self, row: RegisteredClient, table: Mapping[str, Any]) -> bool:
        """Tell whether the secret that the client has will do for the method that it has from now on."""
        if table["token_endpoint_auth_method"] == CLIENT_SECRET_JWT:
            return matches(self.derived_secrets.of(row.client_id), row.secret_hash)
        return _has_secret(table)


def _has_secret(table: Mapping[str, Any]) -> bool:
    return str(table["token_endpoint_auth_method"]).startswith("client_secret_")
