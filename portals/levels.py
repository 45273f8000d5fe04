"""Levels of assurance: what `acr` says about how surely the provider knows who a person is.

The URN is modelled, our own; provinces number their levels differently (see records.py).
"""

from __future__ import annotations

URN = "urn:manyou:loa:"
LEVELS = (1, 2, 3, 4)
ACR_VALUES = tuple(f"{URN}{level}" for level in LEVELS)


def acr(level: int) -> str:
    """Return the `acr` value of `level` (1 registered, 2 real name, 3 real person, 4 certificate or counter)."""
    return f"{URN}{level}"


def level_of(value: object) -> int:
    """Return the level that an `acr` claim names, 0 where it names none of ours."""
    return int(value[len(URN) :]) if isinstance(value, str) and value in ACR_VALUES else 0
