"""How tables and figures of docs/scale.md are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def ms(seconds: float) -> str:
    """Return seconds as milliseconds, as many figures as they are worth."""
    if math.isnan(seconds):
        return "-"
    return f"{1000 * seconds:.2f}" if seconds < 0.01 else f"{1000 * seconds:.0f}"


def million(number: float) -> str:
    """Return a large number in millions."""
    return f"{number / 1e6:,.1f} million"


def number(value: float) -> str:
    """Return a number, with a decimal where it is small."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share in percent."""
    return f"{100 * share:.{digits}f} %"
