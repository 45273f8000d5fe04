"""How names, numbers and addresses are masked where others may look over the shoulder."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """Return the first character and one star, as public pages do: 李明 becomes 李*."""
    return name[:1] + "*" if name else ""


def mask_middle(text: str, first: int, last: int) -> str:
    """Return `text` with all but its first and last characters as stars."""
    if len(text) <= first + last:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + text[len(text) - last :]
