"""The pictures are small, and each is shown somewhere."""

from __future__ import annotations

from tests.rules.tracked import ROOT, named

PICTURES = sorted((ROOT / "docs/pictures").glob("*"))
MOST_BYTES = 150_000


def test_each_picture_is_small() -> None:
    assert len(PICTURES) >= 3
    assert {picture.name for picture in PICTURES if picture.stat().st_size > MOST_BYTES} == set()


def test_each_picture_is_shown_in_both_languages() -> None:
    readmes = [text for name, text in named(".md") if name.startswith("README")]
    assert len(readmes) == 2
    assert [picture.name for picture in PICTURES if any(picture.name not in text for text in readmes)] == []
