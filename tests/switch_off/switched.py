"""What each check asks, in the copy: whether it is switched on. That it asked at all is remembered."""

from __future__ import annotations

off: int | None = None
reached: set[int] = set()


def on(number: int) -> bool:
    """Tell whether the check of that number is on."""
    reached.add(number)
    return number != off
