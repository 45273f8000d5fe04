"""Rows for a store that is full: people, live sessions, and what is over but kept, as the provider itself would write.

Everything is made of a row's number, so that nothing has to be remembered; keys come in order, so that they are written
fast.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
HOUR, DAY = 3600.0, 86400.0

SHARES = {
    "grants": 0.30,
    "refresh_tokens": 0.15,
    "audit": 0.25,
    "assertions": 0.08,
    "pushed_requests": 0.04,
    "interactions": 0.03,
    "sessions": 0.04,
    "sign_ins": 0.06,
    "deliveries": 0.04,
    "revoked_access_tokens": 0.01,
}
"""What the dead rows are rows of."""
ONE_OFFLINE_IN = 50
"""Of so many dead grants one is for offline access, and older than a day."""


@dataclass(frozen=True)
class Filling:
    """What a store is filled with at `now`: so many people, live sessions of theirs, and dead rows.

    Each session has entered `client_id`, and `pairwise` is the provider's secret for subjects there. They were used
    `used_ago` seconds ago. Nothing of it is due for the sweep for half an hour.
    """

    now: float
    people: int
    sessions: int
    dead: int
    client_id: str
    redirect_uri: str
    pairwise: bytes
    password_hash: str
    used_ago: float

    def tables(self) -> dict[str, tuple[tuple[str, ...], Iterable[Row]]]:
        """Return the columns and the rows of each table."""
        made = (
            self._people, self._consents, self._sessions, self._sign_ins, self._grants, self._refresh_tokens,
            self._audit, self._assertions, self._pushed_requests, self._interactions, self._deliveries,
            self._revoked_access_tokens,
        )  # fmt: skip
        return {one.__name__[1:]: one() for one in made}

    def _dead(self, table: str) -> int:
        return int(self.dead * SHARES[table])

    def _person(self, number: int) -> str:
        return f"p{number % self.people:09}"

    def _people(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        claims = {"real_name": "李明", "home_region": "110000", "id_number": "110000190001010012"}
        text = json.dumps(claims, ensure_ascii=False)
        return (
            ("user_id", "username", "password_hash", "level", "claims", "updated_at"),
            (
                (self._person(number), self._person(number), self.password_hash, 3, text, int(self.now))
                for number in range(self.people)
            ),
        )

    def _consents(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        return (
            ("user_id", "client_id", "scope", "basis", "granted_at"),
            (
                (self._person(number), self.client_id, "profile", "legal_duty", self.now - DAY)
                for number in range(min(self.people, self.sessions))
            ),
        )

    def _sessions(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        used, until = self.now - self.used_ago, self.now + 8 * HOUR
        live = (
            (
                key, self._person(number), int(self.now - HOUR), 3, "pwd", self.now - HOUR, used, until, None, None,
                # As they would come, over the next hour.
                self.now + HOUR * number / self.sessions,
            )
            for key, number in sorted((session_id(number), number) for number in range(self.sessions))
        )  # fmt: skip
        ended = (
            (
                key, self._person(number), int(at - HOUR), 3, "pwd", at - HOUR, at - 60, at + 7 * HOUR, at,
                "logged_out", at,
            )
            for key, number, at in self._spread("sessions", 6 * DAY)
        )  # fmt: skip
        return (
            (
                "session_id", "user_id", "auth_time", "level", "amr", "created_at", "seen_at", "expires_at", "ended_at",
                "end_reason", "look_at",
            ),
            heapq.merge(live, ended, key=_key),
        )  # fmt: skip

    def _sign_ins(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        used = self.now - self.used_ago
        live = (
            (
                sid, session_id(number), self.client_id, self._person(number), self._sub(number), self.now - HOUR,
                used, None, None,
            )
            for sid, number in sorted((_sid(number), number) for number in range(self.sessions))
        )  # fmt: skip
        ended = (
            (
                key, f"{number:064x}", self.client_id, self._person(number), _text(number, 43), at - HOUR, at - 60, at,
                "logged_out",
            )
            for key, number, at in self._spread("sign_ins", 6 * DAY)
        )  # fmt: skip
        return (
            (
                "sid", "session_id", "client_id", "user_id", "sub", "started_at", "last_at", "ended_at", "end_reason",
            ),
            heapq.merge(live, ended, key=_key),
        )  # fmt: skip

    def _grants(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        return (
            (
                "grant_id", "code_hash", "client_id", "user_id", "session_id", "sid", "sub", "redirect_uri", "scope",
                "resource", "nonce", "code_challenge", "auth_time", "level", "amr", "issued_at", "code_expires_at",
                "offline", "redeemed_at", "revoked_at", "keep_until",
            ),
            self._grants_in_order(),
        )  # fmt: skip

    def _grants_in_order(self) -> Iterator[Row]:
        dead = self._dead("grants")
        offline = dead // ONE_OFFLINE_IN
        for number in range(offline):
            at = self.now - 29 * DAY + 27 * DAY * number / offline
            yield self._grant(number, at, f"ended {number}", None, offline=True, keep_until=at + 30 * DAY)
        rest = dead - offline + self.sessions
        live_one_in = rest / self.sessions
        live = 0
        for number in range(rest):
            at = self.now - 23 * HOUR + 22 * HOUR * number / rest
            if live < self.sessions and number >= live * live_one_in:
                yield self._grant(offline + number, at, _sid(live), None, keep_until=self.now + 7 * HOUR, person=live)
                live += 1
            else:
                yield self._grant(offline + number, at, _text(number, 22), at + 60, keep_until=at + 660)

    def _grant(
        self,
        number: int,
        at: float,
        sid: str,
        revoked_at: float | None,
        *,
        keep_until: float,
        offline: bool = False,
        person: int | None = None,
    ) -> Row:
        whose = number if person is None else person
        return (
            f"{int(at * 1000):012x}{number:012}", f"{number:064x}", self.client_id, self._person(whose),
            f"{number:064x}" if person is None else session_id(person), sid, _text(whose, 43), self.redirect_uri,
            "openid profile", "https://api.example/records", _text(number, 16), _text(number, 43), int(at), 3, "pwd",
            at, at + 60, offline, at + 1, revoked_at, keep_until,
        )  # fmt: skip

    def _refresh_tokens(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        return (
            ("token_hash", "grant_id", "issued_at", "expires_at", "used_at"),
            (
                (key, f"{number:024}", at, at + 8 * HOUR, at + HOUR)
                for key, number, at in self._spread("refresh_tokens", 22 * HOUR)
            ),
        )

    def _audit(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        detail = json.dumps({"scope": "openid profile"})
        return (
            ("at", "event", "client_id", "user_id", "detail"),
            (
                (at, "authorization.granted", self.client_id, self._person(number), detail)
                for _, number, at in self._spread("audit", 170 * DAY)
            ),
        )

    def _assertions(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        return (
            ("client_id", "jti", "expires_at"),
            ((self.client_id, key[:22], self.now + HOUR) for key, _, _ in self._spread("assertions", HOUR)),
        )

    def _pushed_requests(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        parameters = json.dumps([["client_id", self.client_id], ["scope", "openid profile"], ["state", "s" * 300]])
        return (
            ("request_uri_hash", "client_id", "parameters", "expires_at", "source", "dpop_jkt", "used_at"),
            (
                (key, self.client_id, parameters, self.now + HOUR, "pushed", None, at)
                for key, _, at in self._spread("pushed_requests", HOUR)
            ),
        )

    def _interactions(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        parameters = json.dumps([["client_id", self.client_id], ["scope", "openid profile"], ["state", "s" * 300]])
        return (
            (
                "interaction_id", "client_id", "parameters", "browser", "created_at", "expires_at", "reauthenticate",
                "source", "network", "completed_at",
            ),
            (
                (
                    key[:43], self.client_id, parameters, _text(number, 43), at, self.now + HOUR, False, "plain", "::1",
                    at,
                )
                for key, number, at in self._spread("interactions", HOUR)
            ),
        )  # fmt: skip

    def _deliveries(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        uri = "http://127.0.0.1:9/backchannel-logout"
        return (
            (
                "client_id", "user_id", "sid", "sub", "uri", "reason", "created_at", "attempts", "next_at", "state",
                "finished_at", "outcome",
            ),
            (
                (
                    self.client_id, self._person(number), key[:22], _text(number, 43), uri, "logged_out", at, 1,
                    at + 30, "delivered", at + 1, "200",
                )
                for key, number, at in self._spread("deliveries", 6 * DAY)
            ),
        )  # fmt: skip

    def _revoked_access_tokens(self) -> tuple[tuple[str, ...], Iterable[Row]]:
        return (
            ("jti", "expires_at"),
            ((key[:37], self.now + HOUR) for key, _, _ in self._spread("revoked_access_tokens", HOUR)),
        )

    def _spread(self, table: str, seconds: float) -> Iterator[tuple[str, int, float]]:
        """Return, of each dead row of a table, a key (in order, over the whole range), its number and its time."""
        many = self._dead(table)
        for number in range(many):
            yield f"{(number << 256) // many:064x}", number, self.now - seconds + (seconds - 60) * number / many

    def _sub(self, number: int) -> str:
        message = f"{self.client_id}\0{self._person(number)}".encode()
        return _base64(hmac.digest(self.pairwise, message, "sha256"))


def cookie(number: int) -> str:
    """Return the cookie of a live session."""
    return _base64(hashlib.sha256(f"session {number}".encode()).digest())


def session_id(number: int) -> str:
    """Return the identifier of the session of that cookie, as idp.people.sessions makes it."""
    return hashlib.sha256(cookie(number).encode()).hexdigest()


def _sid(number: int) -> str:
    return _base64(hashlib.sha256(f"sid {number}".encode()).digest()[:16])


def _text(number: int, length: int) -> str:
    return f"{number:0{length}x}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _key(row: Row) -> str:
    key: str = row[0]
    return key
