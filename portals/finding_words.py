"""What the checks expected and found, in the reader's language: portals/finding_texts, phrase by phrase."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_GAP = re.compile(r"(\{word\}|\{\})")
_GAPS = {"{}": "(.+?)", "{word}": "([A-Za-z0-9_]+)"}


def in_words(text: str, language: str) -> str:
    """Return a finding's ASCII `text` in `language`; values, and what has no phrase there, stay as they are."""
    for pattern, words in _phrases(language):
        found = pattern.fullmatch(text)
        if found:
            return words.format(*(in_words(part, language) for part in found.groups()))
    return text


@cache
def _phrases(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    path = Path(__file__).parent / "finding_texts" / f"{language}.toml"
    if not path.is_file():
        return ()  # the checks speak English themselves
    phrases = tomllib.loads(path.read_text(encoding="utf-8"))["phrases"]
    return tuple((_pattern(phrase), words) for phrase, words in phrases.items())


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile("".join(_GAPS.get(part) or re.escape(part) for part in _GAP.split(phrase)))
