"""What checks expected and found is said in Chinese where the page is, with nothing left in English but values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import portals.finding_words
from portals.finding_words import in_words
from portals.verdict import judge
from tests.portals.verdicts.signer import good_token
from tests.portals.verdicts.test_refusals import CASES
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, USES, expectation, in_session

PHRASES = Path(portals.finding_words.__file__).parent / "finding_texts" / "zh-CN.toml"
ENGLISH = re.compile(r"\b[a-z]+ [a-z]+\b")


def _said() -> set[str]:
    """Everything that the checks say about good tokens and wrong ones, in a session and outside of one."""
    verdicts = [judge(wrong.token, expect, keys) for _, wrong, expect, keys in CASES]
    for use in USES:
        good = good_token(use, SIGNERS["ES256"], FACTS)
        verdicts += [judge(good, expect, KEYS) for expect in (expectation(use), in_session(use))]
    return {text for verdict in verdicts for one in verdict.findings for text in (one.expected, one.found)}


def test_nothing_but_values_is_left_in_english() -> None:
    values = re.compile(r'"[^"]*"')
    left = {text: in_words(text, "zh-CN") for text in _said()}
    assert {text: words for text, words in left.items() if ENGLISH.search(values.sub("", words))} == {}


def test_english_is_what_the_checks_say_themselves() -> None:
    assert all(in_words(text, "en") == text for text in _said())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 to 8192 bytes", "1 至 8192 字节"),
        ("absent or not later than 2027-01-15T08:00:30Z", "没有 或 不晚于 2027-01-15T08:00:30Z"),
        ("exp: a string", "exp：字符串"),
        ('"http://beijing.localhost:8001/api" (and the issuer)', '"http://beijing.localhost:8001/api"（以及签发者）'),
        ('{"http://schemas.openid.net/event/backchannel-logout": {}}',) * 2,
        ('"absent"', '"absent"'),
    ],
)
def test_phrases_are_put_into_words_and_values_stay(text: str, words: str) -> None:
    assert in_words(text, "zh-CN") == words


def test_no_phrase_hides_behind_an_earlier_one() -> None:
    phrases = tomllib.loads(PHRASES.read_text(encoding="utf-8"))["phrases"]
    filled = {re.sub(r"\{(word)?\}", "7", phrase): words.format("7", "7") for phrase, words in phrases.items()}
    assert {text: in_words(text, "zh-CN") for text in filled} == filled
