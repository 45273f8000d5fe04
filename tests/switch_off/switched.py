"""What each check asks, in the copy: whether it is switched on. That it asked at all is remembered.

A program that a test starts is told by its environment which check is off, and notes in a file what it reached.
"""

from __future__ import annotations

import os
from pathlib import Path

OFF, NOTE = "SWITCHED_OFF", "SWITCHED_REACHED"

off: int | None = int(os.environ[OFF]) if OFF in os.environ else None
reached: set[int] = set()
_note = os.environ.get(NOTE)


def on(number: int) -> bool:
    """Tell whether the check of that number is on."""
    if _note is not None and number not in reached:
        with Path(_note).open("a", encoding="utf-8") as note:
            note.write(f"{number}\n")
    reached.add(number)
    return number != off
