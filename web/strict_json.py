"""JSON in which nothing can be meant in two ways: each name once in its object, no NaN (RFC 8259 4, 6; RFC 7515 4)."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read(text: str) -> object:
    """Return the value that `text` is. Raises ValueError, and RecursionError where it is nested too deep."""
    return _decoder.decode(text)


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the object that these bytes of UTF-8 are. Raises ValueError, also where it is nested too deep."""
    try:
        value = read(raw.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of two values was meant, nobody knows, and two readers could each take another one.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name comes twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads makes one at each call that has hooks.
_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_number)
