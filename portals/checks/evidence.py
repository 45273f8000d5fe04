"""What the checks of one verdict look at, and what the earlier ones leave for the later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portals.finding import Expectation, Outcome, Use
from portals.token_parts import TokenParts
from portals.verification_keys import VerificationKey, VerificationKeys
from web.dpop import Proof


@dataclass
class Evidence:
    """One token before its judge; from `parts` on, each is filled by the check that reads it."""

    token: bytes
    expect: Expectation
    keys: VerificationKeys
    parts: TokenParts | None = None
    header: dict[str, Any] = field(default_factory=dict)
    key: VerificationKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    proof: Proof | None = None

    def header_text(self, name: str) -> str:
        """Return a header parameter that is a non-empty string, else an empty one."""
        value = self.header.get(name)
        return value if isinstance(value, str) else ""

    def text(self, name: str) -> str:
        """Return a claim that is a non-empty string, else an empty one."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Check:
    """One entry of the list: its code, the function, the codes of its failures, where it is specified, its uses."""

    code: str
    run: Callable[[Evidence], Outcome]
    failures: tuple[str, ...]
    section: str
    uses: frozenset[Use] = frozenset(("id_token", "refreshed_id_token", "access_token", "logout_token"))
