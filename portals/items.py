"""Items (事项): what a portal offers, and whether a person may start one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Who = Literal["natural", "legal"]
Mode = Literal["online", "collect", "joint"]
MODES: tuple[Mode, ...] = ("online", "collect", "joint")
WHO: tuple[Who, ...] = ("natural", "legal")
Step = Literal["sign_in", "raise_level", "legal_only", "consent", "no_data"]


@dataclass(frozen=True)
class Item:
    """One item: `level` 1 to 4, `needs` the scopes beyond the sign-in's, `where` GB/T 2260 codes."""

    code: str
    name: Mapping[str, str]
    who: tuple[Who, ...]
    level: int
    mode: Mode
    needs: tuple[str, ...]
    where: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """Whether an item may be started now: `steps` are what stands before it, in order; none means it may.

    `missing` are the scopes to be granted still, or those granted of which the provider holds nothing (no_data).
    """

    steps: tuple[Step, ...]
    missing: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether nothing stands before the item."""
        return not self.steps


def gate(item: Item, level: int | None, scope: Iterable[str], held: Iterable[str]) -> Gate:
    """Decide about `item` for a person of `level` (None when signed out) whose session was granted `scope`.

    `held` are the scopes of which something was released.
    Tokens name natural persons only; an item for companies alone stays closed, and says so, since no mandate is shown.
    """
    granted = set(scope)
    missing = tuple(need for need in item.needs if need not in granted)
    if level is None:
        return Gate(("sign_in",), missing)
    steps: list[Step] = []
    if "natural" not in item.who:
        steps.append("legal_only")
    if level < item.level:
        steps.append("raise_level")
    absent = tuple(need for need in item.needs if need in granted and need not in set(held))
    if absent and not missing and not steps:
        return Gate(("no_data",), absent)
    if missing and not steps:
        # Nothing personal is asked for while the item is closed anyway (State Council decree 716, article 7: minimum).
        steps.append("consent")
    return Gate(tuple(steps), missing)
