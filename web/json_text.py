"""JSON where a roam writes and reads it: UTF-8 without spaces, by msgspec, in a tenth of the time of Python's own.

What is hashed, or comes from strangers, is not read or written here: see strict_json.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
decode: Callable[[str | bytes], Any] = msgspec.json.Decoder().decode
"""Returns the value of JSON that we wrote ourselves. Raises ValueError."""


def encode(value: Any) -> bytes:
    """Return a value as JSON."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which a stranger's JSON can hold, and no UTF-8: only an escape tells it.
        return json.dumps(value, separators=(",", ":")).encode("ascii")
