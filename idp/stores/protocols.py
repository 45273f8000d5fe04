"""What the provider remembers: one small store per noun, its methods the verbs of the protocol.

All methods are async, whatever the database does. Times are seconds since the epoch. A method that may succeed only
once is one atomic statement or transaction, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model import (
    AuditEvent,
    Delivery,
    Grant,
    Interaction,
    Person,
    PushedRequest,
    RefreshToken,
    RegisteredClient,
    Session,
    SignIn,
    Visit,
)
from idp.stores.audit_protocols import Audit, AuditChains
from idp.stores.people_protocols import Consents, LoginFailures, People
from idp.stores.upkeep_protocol import Upkeep


@dataclass(frozen=True)
class StoredKey:
    """A signing key at rest: `private` is encrypted; `state` is next, current or retired."""

    kid: str
    alg: str
    state: str
    public_jwk: Mapping[str, str]
    private: bytes
    created_at: float
    activated_at: float | None
    retired_at: float | None


@dataclass(frozen=True)
class LogoutMessage:
    """A logout token to be queued for a client; minted only when it is sent."""

    client_id: str
    sid: str
    sub: str
    uri: str


@dataclass(frozen=True)
class Backlog:
    """How many deliveries wait, and since when the oldest of them does; None if there is none."""

    waiting: int
    oldest_at: float | None


class Sessions(Protocol):
    """Single sign-on sessions."""

    async def start(self, session: Session) -> None:
        """Keep a new session."""
        ...

    async def succeed(self, old: str, new: str, now: float) -> None:
        """Move what belongs to a session to its successor and end it; one transaction."""
        ...

    async def live_successor(self, session_id: str, now: float) -> Session | None:
        """Return the session itself, or the one that took over from it, if it lives."""
        ...

    async def live(self, session_id: str, now: float) -> Session | None:
        """Return the session unless it has ended or reached its absolute end."""
        ...

    async def visit(self, session_id: str, client_id: str, now: float) -> Visit | None:
        """Return the same session with all that an authorization request of that client is answered from.

        What is known of all of it at one moment; None, too, if the person is there no more.
        """
        ...

    async def touch(self, session_id: str, now: float) -> None:
        """Note that the session was used."""
        ...

    async def of_person(self, user_id: str, now: float) -> Sequence[Session]:
        """Return the person's sessions that have not ended."""
        ...

    async def lower_level(self, user_id: str, level: int) -> None:
        """Lower the level of the person's sessions to `level` where it is higher."""
        ...


LOOK_AGAIN_SECONDS = 30.0
"""Seconds that a process has to end sessions that it was told have run out."""


class SignIns(Protocol):
    """Each client's part of a session, by `sid`."""

    async def enter(self, sign_in: SignIn) -> SignIn | None:
        """Return the session's live sign-in at that client, made from `sign_in` if there is none; atomic.

        None if the session has ended: what ends it must not miss one that comes late.
        """
        ...

    async def get(self, sid: str) -> SignIn | None:
        """Return the sign-in, ended or not."""
        ...

    async def of_session(self, session_id: str) -> Sequence[SignIn]:
        """Return the session's live sign-ins, oldest first."""
        ...

    async def end_session(
        self, session_id: str, reason: str, now: float, uris: Mapping[str, str]
    ) -> Sequence[SignIn] | None:
        """End the session and its sign-ins and queue a logout token for each client in `uris`; one transaction.

        Returns the sign-ins it ended; None if the session had ended before, so that of several who end it one tells.
        """
        ...

    async def end(self, sids: Iterable[str], reason: str, now: float, uris: Mapping[str, str]) -> Sequence[SignIn]:
        """End these sign-ins, revoke their grants and queue logout tokens; one transaction. Returns those it ended."""
        ...

    async def live_of_person(self, user_id: str, client_id: str | None = None) -> Sequence[SignIn]:
        """Return the person's live sign-ins, at one client or at all."""
        ...

    async def expired_sessions(self, now: float, idle: float) -> Sequence[tuple[str, str]]:
        """Return session_id and user_id of some that have run out, for the caller to end; nobody else gets them soon.

        Whoever has not ended them LOOK_AGAIN_SECONDS later has fallen, and they are returned again.
        """
        ...


class Interactions(Protocol):
    """Authorization requests that wait for a person."""

    async def open(self, interaction: Interaction, most: int) -> bool:
        """Keep a new one, unless `most` of the same network wait already; atomic. False if they do."""
        ...

    async def get(self, interaction_id: str) -> Interaction | None:
        """Return it, also when it has expired or is completed."""
        ...

    async def authenticated(self, interaction_id: str, session_id: str) -> None:
        """Note that the person logged in for it, as that session."""
        ...

    async def reauthenticate(self, interaction_id: str) -> None:
        """Note that even someone who is signed in has to log in for it."""
        ...

    async def decided(self, interaction_id: str, decision: str, session_id: str) -> None:
        """Note what the person of that session decided, allow or deny."""
        ...

    async def complete(self, interaction_id: str, now: float) -> bool:
        """Mark it completed, atomically; False if it was so already."""
        ...


class PushedRequests(Protocol):
    """Authorization requests that clients pushed (RFC 9126)."""

    async def push(self, request: PushedRequest) -> None:
        """Keep a new one."""
        ...

    async def get(self, request_uri_hash: str) -> PushedRequest | None:
        """Return it, also when it has expired or was used."""
        ...

    async def use(self, request_uri_hash: str, now: float) -> bool:
        """Use it up, atomically and once; False if that was done before."""
        ...


class RegisteredClients(Protocol):
    """Clients that registered themselves (RFC 7591, RFC 7592)."""

    async def add(self, client: RegisteredClient, most: int) -> bool:
        """Keep a new one, unless it is one of those that nobody vouched for and there are `most` already; atomic."""
        ...

    async def get(self, client_id: str) -> RegisteredClient | None:
        """Return it, or None."""
        ...

    async def replace(self, client: RegisteredClient, *, moved: bool = False) -> bool:
        """Put changed metadata and secrets in the place of the old ones; False if it is registered no more.

        Where the client `moved`, what people had agreed to is withdrawn with it, in one transaction.
        """
        ...

    async def remove(self, client_id: str, now: float) -> bool:
        """Remove it, revoke its grants, take back its logout tokens (RFC 7592 2.3); one transaction.

        False if it was gone.
        """
        ...


class Grants(Protocol):
    """Authorization codes and the families of refresh tokens that come of them; only hashes of secrets are kept."""

    async def issue(self, grant: Grant, code_hash: str, event: AuditEvent | None = None) -> bool:
        """Keep a new grant under the hash of its code, and the event of it, unless its sign-in has ended; atomic.

        False if it has: then neither is kept.
        """
        ...

    async def with_person(self, grant_id: str, code_hash: str) -> tuple[Grant, Person | None] | None:
        """Return the grant of a code, redeemed or not, and whose it is, if they are there."""
        ...

    async def get(self, grant_id: str) -> Grant | None:
        """Return the grant."""
        ...

    async def redeem(
        self,
        grant_id: str,
        now: float,
        refresh_hash: str | None,
        refresh_expires_at: float,
        dpop_jkt: str | None = None,
    ) -> bool:
        """Redeem the code, atomically and once for ever (RFC 6749 4.1.2), and keep the first refresh token.

        `dpop_jkt` is the key to which what comes of it is bound from now on.
        """
        ...

    async def by_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token with its grant, used or not."""
        ...

    async def rotate(self, token_hash: str, new_hash: str, expires_at: float, now: float) -> bool:
        """Use up a refresh token and keep its successor, atomically and once."""
        ...

    async def prolong(self, token_hash: str, expires_at: float, now: float) -> bool:
        """Let a refresh token that is not rotated live until `expires_at`; False if it is not good any more; atomic."""
        ...

    async def revoke(self, grant_id: str, now: float) -> None:
        """Revoke all that came or will come of the grant."""
        ...

    async def revoke_of_person(self, user_id: str, client_id: str | None, now: float) -> None:
        """Revoke all grants of the person, at one client or at all, those for offline access too."""
        ...

    async def revoke_access_token(self, jti: str, expires_at: float) -> None:
        """Revoke one access token."""
        ...

    async def access_token_revoked(self, jti: str) -> bool:
        """Tell whether this one access token was revoked."""
        ...


Once = tuple[str, str, float]
"""Whose, `jti`, and until when it would be taken, in seconds since the epoch."""


class Assertions(Protocol):
    """The `jti` of client assertions and DPoP proofs that were used (RFC 7523 3, item 7; RFC 9449 11.1)."""

    async def use(self, who: str, jti: str, expires_at: float) -> bool:
        """Remember it, atomically; False if it was used before."""
        ...

    async def use_both(self, one: Once, other: Once) -> tuple[bool, bool]:
        """Remember two that came with one request as `use` does one after the other, in one step.

        Where the first was used before, the other one stays good.
        """
        ...


class Keys(Protocol):
    """Signing keys and other secrets, encrypted before they come here."""

    async def all(self) -> Sequence[StoredKey]:
        """Return all signing keys, oldest first."""
        ...

    async def add(self, keys: Sequence[StoredKey]) -> None:
        """Keep new keys; where a next or current one of the same alg is there already, it stays."""
        ...

    async def rotate(self, alg: str, successor: StoredKey, now: float) -> None:
        """Retire the current key of `alg`, make the next one current and keep its successor; one transaction."""
        ...

    async def remove(self, kid: str) -> None:
        """Throw a retired key away."""
        ...

    async def revoke(self, kid: str, successor: StoredKey, now: float) -> bool:
        """Throw a key away whatever its state; False if it is not there. One transaction.

        Where it was current the next one of its alg becomes so; unless it was retired `successor` is kept as next.
        """
        ...

    async def secret(self, name: str) -> bytes | None:
        """Return a secret, encrypted as it was kept, or None."""
        ...

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """Keep `value` unless there is one already; return the one that is kept; atomic."""
        ...


class Deliveries(Protocol):
    """The durable queue of logout tokens."""

    async def claim(
        self, now: float, lease: float, each: int, *, only: str | None = None, but: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Take at most `each` due deliveries of each client for `lease` seconds, the least tried first.

        `only` names the one client to look at, `but` those to pass over. Atomic: two processes never take the same.
        """
        ...

    async def done(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that the client answered well."""
        ...

    async def retry(self, delivery_id: int, next_at: float, outcome: str) -> None:
        """Note a failure, and when to try again."""
        ...

    async def give_up(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that it will not be tried again."""
        ...

    async def of_session(self, session_id: str) -> Sequence[Delivery]:
        """Return the deliveries of a session's sign-ins, newest first."""
        ...

    async def of_person(self, user_id: str, most: int) -> Sequence[Delivery]:
        """Return the person's latest deliveries, newest first."""
        ...

    async def backlog(self) -> Backlog:
        """Return what waits in all."""
        ...


@dataclass(frozen=True)
class Stores:
    """All stores of one provider, and how to close them and to throw away what has run out."""

    people: People
    login_failures: LoginFailures
    sessions: Sessions
    sign_ins: SignIns
    interactions: Interactions
    pushed_requests: PushedRequests
    grants: Grants
    registered_clients: RegisteredClients
    consents: Consents
    assertions: Assertions
    keys: Keys
    deliveries: Deliveries
    audit: Audit
    audit_chains: AuditChains
    upkeep: Upkeep
