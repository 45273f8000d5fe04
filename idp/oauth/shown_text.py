"""Text of strangers on pages of ours: what could turn the words around it, or push them away, is taken out."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80
# Unicode TR 9: marks, embeddings, overrides and isolates, by which a name could rearrange the sentence it stands in.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")


def shown_text(text: str) -> str:
    """Return `text` in one line of at most LONGEST characters, without controls; a template escapes the rest."""
    plain = "".join(char for char in _BIDI.sub("", text) if unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn"))
    line = _SPACE.sub(" ", plain).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
