"""Parameters, read as the standard library reads them, and strictly (RFC 6749 Appendix B)."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.forms import MOST_FIELDS, BadForm, Parameters, parse


@given(st.text(alphabet="ab&=+%;20C3A9E4é/?#\n\x00 ", max_size=40))
def test_fields_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        raw = text.encode("ascii")
        expected = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeError:
        with pytest.raises(BadForm):
            parse(text.encode())
        return
    if any(ord(char) in {*range(32), 127} - {9, 10, 13} for pair in expected for char in "".join(pair)):
        with pytest.raises(BadForm):
            parse(raw)
        return
    assert parse(raw).pairs == tuple((name, value) for name, value in expected if value)


def test_there_are_no_more_than_so_many_fields() -> None:
    assert len(parse(b"&".join([b"a=b"] * MOST_FIELDS)).pairs) == MOST_FIELDS
    with pytest.raises(BadForm):
        parse(b"&".join([b"a=b"] * (MOST_FIELDS + 1)))


def test_the_first_of_two_values_counts_and_the_name_is_told() -> None:
    parameters = Parameters((("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("c", "5"), ("c", "5")))
    assert parameters.get("a") == "1"
    assert parameters.get("d") is None
    assert parameters.all("a") == ("1", "3", "4")
    assert parameters.repeated() == {"a", "c"}


@pytest.mark.parametrize("control", [*range(9), 11, 12, *range(14, 32), 127])
def test_a_control_character_is_refused(control: int) -> None:
    with pytest.raises(BadForm):
        parse(b"a=b%%%02x" % control)


def test_tabs_and_line_breaks_are_taken() -> None:
    assert parse(b"a=%09%0d%0a").get("a") == "\t\r\n"
