"""Items (事项): what a portal offers, and whether a person may start one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Who = Literal["natural", "legal"]
Mode = Literal["online", "collect", "joint"]
MODES: tuple[Mode, ...] = ("online", "collect", "joint")
WHO: tuple[Who, ...] = ("natural", "legal")
Step = Literal["sign_in", "raise_level", "legal_only", "consent", "ready"]


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
    """Whether an item may be started now: `steps` are what stands before it, in order; none means it may."""

    steps: tuple[Step, ...]
    missing: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether nothing stands before the item."""
        return not self.steps


def gate(item: Item, level: int | None, scope: Iterable[str]) -> Gate:
    """Decide about `item` for a person of `level` (None when signed out) whose session was granted `scope`.

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
    if missing and not steps:
        # Nothing personal is asked for while the item is closed anyway (State Council decree 716, article 7: minimum).
        steps.append("consent")
    return Gate(tuple(steps), missing)
