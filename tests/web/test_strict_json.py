"""JSON that can be meant in two ways is none (RFC 8259 4, 6; RFC 7515 4; RFC 7519 4)."""

from __future__ import annotations

import pytest

from web.strict_json import read, read_object


def test_an_object_is_read() -> None:
    assert read_object('{"a": [1, {"b": null}], "ä": "\\u00e9"}'.encode()) == {"a": [1, {"b": None}], "ä": "é"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}{}",
        "{'a': 1}",
        '{"a": 1,}',
        "\ufeff{}",
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=lambda text: text[:24],
)
def test_what_can_be_meant_in_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_object(text.encode())


@pytest.mark.parametrize(("text", "value"), [("[]", []), ("null", None), ('"text"', "text"), ("1", 1)])
def test_another_value_is_one_but_no_object(text: str, value: object) -> None:
    assert read(text) == value
    with pytest.raises(ValueError, match="no object"):
        read_object(text.encode())


@pytest.mark.parametrize("raw", [b"\xff", b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16")])
def test_other_encodings_than_utf_8_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="codec"):
        read_object(raw)
