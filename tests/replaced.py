"""A record with some of its fields changed, whichever kind of record it is: copy.replace of Python 3.13."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")


def replace(record: Record, **changes: Any) -> Record:
    """Return a copy of a dataclass or a Struct with other values."""
    one: Any = record
    change: Any = msgspec.structs.replace if isinstance(one, msgspec.Struct) else dataclasses.replace
    changed: Record = change(one, **changes)
    return changed
