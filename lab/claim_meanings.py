"""The meaning of header parameters and claims, from claims.toml, and their values as people read them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

TIMES = frozenset({"exp", "nbf", "iat", "auth_time", "updated_at"})
UNKNOWN = {"zh-CN": "本系统不使用此项", "en": "Not used here"}


@dataclass(frozen=True)
class Meaning:
    """What one name means, by language (zh-CN, en), and where it is specified."""

    text: Mapping[str, str]
    section: str


def meaning(kind: Literal["header", "claim"], name: str) -> Meaning:
    """Return the meaning of a header parameter or claim; of an unknown one, that it is unknown."""
    return _meanings().get((kind, name), Meaning(UNKNOWN, ""))


@cache
def _meanings() -> dict[tuple[str, str], Meaning]:
    table = tomllib.loads(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))
    return {
        (kind, name): Meaning({"zh-CN": entry["zh"], "en": entry["en"]}, entry["section"])
        for kind, entries in table.items()
        for name, entry in entries.items()
    }


def readable(name: str, value: object, now: float) -> str:
    """Write a value for a terminal: times as dates with their distance from `now`, nothing that could steer it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if name in TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        text += _when(value, now)
    return printable(text)


def printable(text: str) -> str:
    """Escape what is not printable: a token's text must not move the cursor or turn the direction of writing."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _when(seconds: float, now: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    distance = round(seconds - now)
    sign = "+" if distance >= 0 else "-"
    minutes, rest = divmod(abs(distance), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")) if number]
    return f" = {moment:%Y-%m-%dT%H:%M:%SZ} ({sign}{' '.join(parts[:2]) or '0s'})"
