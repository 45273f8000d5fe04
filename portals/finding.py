"""What a verdict is made of: what is expected of a token, and what each check found.

`expected` and `found` are printable ASCII of at most SHOWN characters; they never hold the token, and identifiers of
people and sessions (sub, sid, nonce, jti) only as their first characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from portals.finding_words import in_words
from web.dpop import LEEWAY, Proof
from web.language import Catalogue

Use = Literal["id_token", "refreshed_id_token", "access_token", "logout_token"]
Result = Literal["pass", "fail", "not_checked"]
Words = str | Callable[[], str]
"""What a check says: the text, or what makes it. Of a thousand tokens the findings of one are looked at."""

ACCEPTED = "token.accepted"
SHOWN = 120
_PLAIN = re.compile(r"[ !#-\[\]-~]{0,100}")


@dataclass(frozen=True)
class Presentation:
    """The request that an access token came in: its DPoP headers, its method, and the URL that its sender was told."""

    proofs: tuple[str, ...]
    method: str
    url: str


class Expectation(NamedTuple):
    """What one use of a token at one portal demands; None means unknown here, and the check is then not_checked.

    `audience` is the portal's API identifier; `now`, `auth_time` in seconds since the epoch, `leeway` and `max_age`
    in seconds; `acr` lists the accepted values (empty: any); `other_portals` maps known foreign audiences (client
    ids and API identifiers) to names and only names a failure better; `sid_ended` tells whether a `sid` has ended,
    `jti_seen` whether a logout token came before; `access_token` is the one that came with the ID token (Core 3.1.3.8);
    `presented` is the request that the access token came in, `proof_seen` tells whether its proof came before, `jkt`
    names the key that it has to be bound to where no request proves one.
    """

    use: Use
    issuer: str
    client_id: str
    audience: str
    now: float
    leeway: int = LEEWAY
    nonce: str | None = None
    sub: str | None = None
    sid: str | None = None
    auth_time: float | None = None
    acr: tuple[str, ...] = ()
    max_age: int | None = None
    algs: tuple[str, ...] = ("ES256", "RS256")
    other_portals: Mapping[str, str] = MappingProxyType({})
    sid_ended: Callable[[str], bool] | None = None
    access_token: str | None = None
    jti_seen: Callable[[str], bool] | None = None
    presented: Presentation | None = None
    proof_seen: Callable[[Proof], bool] | None = None
    jkt: str | None = None


Outcome = tuple[Result, Words, Words, str]
"""What a check answers: result, expected, found, and on failure alone a code, one of the check's declared failures."""


@dataclass(frozen=True)
class Finding:
    """One line of a verdict; `code` names the way a check failed, else the check itself (`token.aud`)."""

    code: str
    result: Result
    expected: str
    found: str
    check: str
    section: str

    def title(self, language: str) -> str:
        """Return in a few words what is checked, or what is wrong. Raises KeyError on an unknown language."""
        return texts().text(language, f"{self.code}.title")

    def in_words(self, text: str, language: str) -> str:
        """Return `expected` or `found` as the page /inspect says it."""
        return in_words(text, language)

    def cause(self, language: str) -> str:
        """Return what usually lies behind this failure; empty when nothing failed."""
        return texts().text(language, f"{self.code}.cause") if self.result == "fail" else ""

    def remedy(self, language: str) -> str:
        """Return what to do about this failure; empty when nothing failed."""
        return texts().text(language, f"{self.code}.remedy") if self.result == "fail" else ""


class Named(Protocol):
    """What a finding says of its check: its code, and where it is specified."""

    @property
    def code(self) -> str:
        """The check's code."""

    @property
    def section(self) -> str:
        """The specification and its section."""


@dataclass(frozen=True)
class Verdict:
    """What came of each check in order, and of all; `code` is ACCEPTED or that of the only failure.

    `header` and `claims` are what could be read, to be shown: they are to be believed only when `accepted`. `proof` is
    what the request proved: whoever accepts it must note it, since it is good once.
    """

    accepted: bool
    code: str
    judged: tuple[tuple[Named, Outcome], ...]
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    proof: Proof | None = None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The checks in order, in words."""
        return tuple(_finding(*one) for one in self.judged)

    @property
    def failure(self) -> Finding | None:
        """The finding that refused the token, if one did."""
        return next((finding for finding in self.findings if finding.result == "fail"), None)


def _finding(check: Named, outcome: Outcome) -> Finding:
    result, *said, code = outcome
    expected, found = (words if isinstance(words, str) else words() for words in said)
    return Finding(code or check.code, result, expected, found, check.code, check.section)


@cache
def texts() -> Catalogue:
    """Title of each check, and title, cause and remedy of each failure, in zh-CN and en; read at the first use."""
    return Catalogue(Path(__file__).parent / "verdict_texts")


def passed(expected: Words, found: Words = "") -> Outcome:
    """Answer that the token has what is expected."""
    return "pass", expected, found, ""


def failed(code: str, expected: Words, found: Words) -> Outcome:
    """Answer that the token is refused, and in which way."""
    return "fail", expected, found, code


def not_checked(expected: Words, found: Words = "") -> Outcome:
    """Answer that nothing is known here to compare with."""
    return "not_checked", expected, found, ""


def shown(value: object) -> str:
    """Write a value from a token for people and logs: JSON in ASCII, cut at SHOWN characters."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f'"{value}"'  # what json would write, at a tenth of its cost: every finding of every token comes here
    text = json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def masked(value: str) -> str:
    """Write an identifier of a person or session so that two can be told apart but not used."""
    return shown(value[:4] + "...") if len(value) >= 16 else "..."
