"""Documents write Chinese with Chinese punctuation and English with ASCII."""

from __future__ import annotations

import re

import pytest

from tests.rules.tracked import named

# Code, addresses and links have a punctuation of their own.
ASIDE = re.compile(r"^```.*?^```|^ {4}.*?$|`[^`\n]*`|\]\([^)]*\)|<[^>\s]*>", re.DOTALL | re.MULTILINE)
CHINESE = r"[㐀-鿿]"
TEXTS = [(name, ASIDE.sub("", text)) for name, text in named(".md")]


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[name for name, _ in TEXTS])
def test_chinese_has_chinese_punctuation(name: str, text: str) -> None:
    assert re.findall(rf".{{0,8}}{CHINESE} ?[,;:?!].{{0,8}}|.{{0,8}}[,;:?!]{CHINESE}.{{0,8}}", text) == []


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[name for name, _ in TEXTS])
def test_dashes_quotes_and_dots_are_ascii(name: str, text: str) -> None:
    assert re.findall(r".{0,8}[\u2013\u2014\u2018\u2019\u2026].{0,8}", text) == []
