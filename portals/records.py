"""What provinces know about a person, in the meaning that all share, and what dialects need to read and write it.

See dialect.py for how one province writes it down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeVar

from web.clock import CHINA

T = TypeVar("T")

RESIDENT_ID_CARD = "111"
"""证件类型 in GA/T coding."""

Gender = Literal["male", "female"]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


class BadRecord(ValueError):
    """Bytes that are not a record of this dialect; the text says what is wrong."""


@dataclass(frozen=True)
class Record:
    """What provinces know about a natural person, in the meaning that all share; None is what was not released."""

    name: str
    level: int
    home_region: str
    id_number: str | None = None
    phone: str | None = None
    gender: Gender | None = None
    updated_on: date | None = None


def check_character(first17: str) -> str:
    """Return the 18th character of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    return CHECK_CHARACTERS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first17, strict=True)) % 11]


def eighteen(number: str) -> str:
    """Return an identity number in 18 characters; old files hold 15 digits, all of the 1900s. Raises BadRecord."""
    if len(number) == 15 and number.isascii() and number.isdigit():
        first17 = f"{number[:6]}19{number[6:]}"
        return first17 + check_character(first17)
    right = len(number) == 18 and number.isascii() and number[:17].isdigit()
    if not right or check_character(number[:17]) != number[17].upper():
        raise BadRecord("The identity number fails its check.")
    return number.upper()


def fields(value: Any, *path: str) -> dict[str, Any]:
    """Return the object at `path` in decoded JSON. Raises BadRecord."""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        raise BadRecord(f"The record has no object at {'.'.join(path) or 'its top'}.")
    return value


def text_of(found: Mapping[str, Any], name: str) -> str:
    """Return the text of a field that must be there. Raises BadRecord."""
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise BadRecord(f"The record has no {name}.")
    return value


def code_of(codes: Mapping[str, T], found: Mapping[str, Any], name: str) -> T:
    """Return what the code in field `name` means. Raises BadRecord."""
    value = found.get(name)
    if not isinstance(value, str) or value not in codes:
        raise BadRecord(f"{name} is none of {', '.join(codes)}.")
    return codes[value]


def optional_text(found: Mapping[str, Any], name: str) -> str | None:
    """Return the text of a field that may be missing; an empty text counts as missing."""
    value = found.get(name)
    return value if isinstance(value, str) and value else None


def optional_code(codes: Mapping[str, T], found: Mapping[str, Any], name: str) -> T | None:
    """Return what the code in field `name` means, None where there is none. Raises BadRecord on an unknown code."""
    return code_of(codes, found, name) if optional_text(found, name) else None


def optional_number(found: Mapping[str, Any], name: str) -> str | None:
    """Return the identity number in field `name` in 18 characters, None where there is none. Raises BadRecord."""
    value = optional_text(found, name)
    return eighteen(value) if value else None


def optional_date(found: Mapping[str, Any], name: str, form: str) -> date | None:
    """Return the date in field `name`, written as `form` (strptime). Raises BadRecord."""
    value = optional_text(found, name)
    if value is None:
        return None
    try:
        return datetime.strptime(value, form).replace(tzinfo=CHINA).date()
    except ValueError as error:
        raise BadRecord(f"{name} is not a date of the form {form}.") from error


def reversed_codes(codes: Mapping[str, T]) -> dict[T, str]:
    """Return the table that writes what `codes` reads."""
    return {meaning: code for code, meaning in codes.items()}


def decoded(raw: bytes, encoding: str) -> Any:
    """Return the JSON in `raw`. Raises BadRecord on another encoding or on anything but JSON."""
    try:
        return json.loads(raw.decode(encoding))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadRecord(f"The record is not JSON in {encoding}.") from error


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` without those that are None: what was not released does not appear."""
    return {name: value for name, value in values.items() if value is not None}
