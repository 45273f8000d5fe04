"""How what the provider remembers is laid out in rows, whatever the database: columns, values for them, and back.

The `*_COLUMNS` are those that are written when something is first kept, in the order of what `*_values` returns.
Times are floating-point seconds since the epoch, truths are booleans, structures are JSON in a text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol

from idp.model import (
    NO_CLAIMS,
    AuditEvent,
    ClaimsRequest,
    Delivery,
    Grant,
    Interaction,
    PushedRequest,
    RefreshToken,
    RegisteredClient,
    Session,
    SignIn,
    Wish,
)
from idp.stores.audit_protocols import Chain, Entry, Seal
from idp.stores.protocols import StoredKey
from web import json_text


def _text(value: Any) -> str:
    return json_text.encode(value).decode("utf-8")


class Row(Protocol):
    """A row as a driver returns it: its values by the names of the columns."""

    def keys(self) -> Iterable[str]:
        """Return the names of the columns."""
        ...

    def __getitem__(self, name: str, /) -> Any: ...


Values = tuple[Any, ...]


SESSION_COLUMNS = ("session_id", "user_id", "auth_time", "level", "amr", "created_at", "seen_at", "expires_at")
SIGN_IN_COLUMNS = ("sid", "session_id", "client_id", "user_id", "sub", "started_at", "last_at")
INTERACTION_COLUMNS = (
    "interaction_id", "client_id", "parameters", "browser", "created_at", "expires_at", "reauthenticate", "source",
    "pushed", "dpop_jkt", "network",
)  # fmt: skip
PUSHED_REQUEST_COLUMNS = ("request_uri_hash", "client_id", "parameters", "expires_at", "source", "dpop_jkt")
REGISTERED_CLIENT_COLUMNS = (
    "client_id", "metadata", "registration_token_hash", "issued_at", "changed_at", "secret_hash", "vouched",
)  # fmt: skip
# In the order of Grant's fields.
GRANT_COLUMNS = (
    "grant_id", "client_id", "user_id", "session_id", "sid", "sub", "redirect_uri", "scope", "resource", "nonce",
    "code_challenge", "auth_time", "level", "amr", "issued_at", "code_expires_at", "offline", "redeemed_at",
    "revoked_at", "claims", "dpop_jkt",
)  # fmt: skip
_SCOPE, _AMR, _OFFLINE, _CLAIMS = (GRANT_COLUMNS.index(name) for name in ("scope", "amr", "offline", "claims"))
_of_grant = attrgetter(*GRANT_COLUMNS)
NEW_GRANT_COLUMNS = ("code_hash", "keep_until", *GRANT_COLUMNS)
REFRESH_TOKEN_COLUMNS = ("token_hash", "grant_id", "issued_at", "expires_at")
KEY_COLUMNS = ("kid", "alg", "state", "public_jwk", "private", "created_at", "activated_at", "retired_at")
NEW_DELIVERY_COLUMNS = ("client_id", "user_id", "sid", "sub", "uri", "reason", "created_at", "next_at")
DELIVERY_COLUMNS = (
    "delivery_id", "client_id", "sid", "sub", "uri", "reason", "created_at", "attempts", "next_at", "state",
    "finished_at", "outcome",
)  # fmt: skip
AUDIT_COLUMNS = ("at", "event", "client_id", "user_id", "address", "incident", "detail", "chain")
CHAIN_COLUMNS = ("chain", "begun_at", "after", "seen_at", "closed_at")
SEAL_COLUMNS = ("chain", "number", "sealed_at", "previous", "entries", "seal")

KEPT_AFTER_A_CODE = 600.0
"""Seconds for which a grant is kept after its code has run out, so that a late second use is known as one."""


def session_values(session: Session) -> Values:
    """Return what is kept of a session."""
    return (
        session.session_id,
        session.user_id,
        session.auth_time,
        session.level,
        " ".join(session.amr),
        session.created_at,
        session.seen_at,
        session.expires_at,
    )


def session_of(row: Row) -> Session:
    """Return the session of a row."""
    return Session(
        session_id=row["session_id"],
        user_id=row["user_id"],
        auth_time=row["auth_time"],
        level=row["level"],
        amr=tuple(row["amr"].split()),
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )


def sign_in_values(sign_in: SignIn) -> Values:
    """Return what is kept of a new sign-in."""
    return (
        sign_in.sid,
        sign_in.session_id,
        sign_in.client_id,
        sign_in.user_id,
        sign_in.sub,
        sign_in.started_at,
        sign_in.last_at,
    )


def sign_in_of(row: Row) -> SignIn:
    """Return the sign-in of a row."""
    return SignIn(**dict(row))


def interaction_values(interaction: Interaction) -> Values:
    """Return what is kept of a new interaction."""
    return (
        interaction.interaction_id,
        interaction.client_id,
        json.dumps(interaction.parameters),
        interaction.browser,
        interaction.created_at,
        interaction.expires_at,
        interaction.reauthenticate,
        interaction.source,
        interaction.pushed,
        interaction.dpop_jkt,
        interaction.network,
    )


def interaction_of(row: Row) -> Interaction:
    """Return the interaction of a row."""
    values = dict(row)
    values["parameters"] = _pairs(row["parameters"])
    values["reauthenticate"] = bool(row["reauthenticate"])
    return Interaction(**values)


def pushed_request_values(request: PushedRequest) -> Values:
    """Return what is kept of a new pushed request."""
    return (
        request.request_uri_hash,
        request.client_id,
        json.dumps(request.parameters),
        request.expires_at,
        request.source,
        request.dpop_jkt,
    )


def pushed_request_of(row: Row) -> PushedRequest:
    """Return the pushed request of a row."""
    return PushedRequest(**{**dict(row), "parameters": _pairs(row["parameters"])})


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


def registered_client_values(client: RegisteredClient) -> Values:
    """Return what is kept of a registered client."""
    return (
        client.client_id,
        _text(dict(client.metadata)),
        client.registration_token_hash,
        client.issued_at,
        client.changed_at,
        client.secret_hash,
        client.vouched,
    )


def registered_client_of(row: Row) -> RegisteredClient:
    """Return the registered client of a row."""
    read = {"metadata": json.loads(row["metadata"]), "vouched": bool(row["vouched"])}
    return RegisteredClient(**{**dict(row), **read})


def new_grant_values(grant: Grant, code_hash: str) -> Values:
    """Return what is kept of a new grant, in the order of NEW_GRANT_COLUMNS."""
    kept = list(_of_grant(grant))
    kept[_SCOPE], kept[_AMR], kept[_CLAIMS] = " ".join(grant.scope), " ".join(grant.amr), _claims_text(grant.claims)
    return (code_hash, grant.code_expires_at + KEPT_AFTER_A_CODE, *kept)


def grant_of(row: Iterable[Any]) -> Grant:
    """Return the grant of a row's values, of which the first are those of GRANT_COLUMNS, in that order."""
    values = [*islice(row, len(GRANT_COLUMNS))]
    values[_SCOPE], values[_AMR] = tuple(values[_SCOPE].split()), tuple(values[_AMR].split())
    values[_OFFLINE], values[_CLAIMS] = bool(values[_OFFLINE]), _claims(values[_CLAIMS])
    return Grant(*values)


def refresh_token_of(row: Row, values: Iterable[Any]) -> RefreshToken:
    """Return the refresh token of a row whose first values are its grant's; `token_issued_at` tells the times apart."""
    return RefreshToken(
        row["token_hash"],
        grant_of(values),
        row["token_issued_at"],
        row["expires_at"],
        row["used_at"],
        bool(row["sign_in_ended"]),
    )


def _claims_text(claims: ClaimsRequest) -> str | None:
    if not claims.userinfo and not claims.id_token:
        return None
    return json.dumps({"userinfo": _wishes_out(claims.userinfo), "id_token": _wishes_out(claims.id_token)})


def _wishes_out(wishes: Mapping[str, Wish]) -> dict[str, Any]:
    return {name: [wish.essential, list(wish.values)] for name, wish in wishes.items()}


def _claims(text: str | None) -> ClaimsRequest:
    if text is None:
        return NO_CLAIMS
    kept = json.loads(text)
    return ClaimsRequest(_wishes_in(kept["userinfo"]), _wishes_in(kept["id_token"]))


def _wishes_in(kept: Mapping[str, Any]) -> dict[str, Wish]:
    return {name: Wish(essential, tuple(values)) for name, (essential, values) in kept.items()}


def key_values(key: StoredKey) -> Values:
    """Return what is kept of a signing key."""
    return (
        key.kid,
        key.alg,
        key.state,
        json.dumps(dict(key.public_jwk)),
        key.private,
        key.created_at,
        key.activated_at,
        key.retired_at,
    )


def key_of(row: Row) -> StoredKey:
    """Return the signing key of a row."""
    return StoredKey(**{**dict(row), "public_jwk": json.loads(row["public_jwk"]), "private": bytes(row["private"])})


def new_delivery_values(sign_in: SignIn, uri: str, reason: str, now: float) -> Values:
    """Return what is kept of a delivery that is due at once: the log-out notice of a sign-in."""
    return (sign_in.client_id, sign_in.user_id, sign_in.sid, sign_in.sub, uri, reason, now, now)


def delivery_of(row: Row) -> Delivery:
    """Return the delivery of a row."""
    return Delivery(**dict(row))


def audit_values(event: AuditEvent) -> Values:
    """Return what is kept of a security event."""
    return (
        event.at,
        event.event,
        event.client_id,
        event.user_id,
        event.address,
        event.incident,
        _text(event.detail),
        event.chain,
    )


def audit_bytes(row: Row) -> bytes:
    """Return the canonical form of a kept security event: what it is a digest of that its chain is sealed over.

    A JSON array of the values in the order of AUDIT_COLUMNS, in ASCII, times as the shortest decimal that gives the
    same double; the same from every database.
    """
    return json.dumps([row[name] for name in AUDIT_COLUMNS], separators=(",", ":")).encode("ascii")


def entry_of(row: Row) -> Entry:
    """Return a kept security event as a seal sees it, of a row with its id."""
    return Entry(row["id"], row["chain"], row["at"], row["event"], hashlib.sha256(audit_bytes(row)).digest())


def chain_values(chain: Chain) -> Values:
    """Return what is kept of a chain."""
    return (chain.chain, chain.begun_at, chain.after, chain.seen_at, chain.closed_at)


def chain_of(row: Row) -> Chain:
    """Return the chain of a row."""
    return Chain(**dict(row))


def seal_values(seal: Seal) -> Values:
    """Return what is kept of a seal."""
    return (seal.chain, seal.number, seal.sealed_at, seal.previous, seal.entries, seal.seal)


def seal_of(row: Row) -> Seal:
    """Return the seal of a row."""
    return Seal(**dict(row))


def audit_event_of(row: Row) -> AuditEvent:
    """Return the security event of a row."""
    return AuditEvent(**{**dict(row), "detail": json.loads(row["detail"])})
