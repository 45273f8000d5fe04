"""Records: each province's form gives back what was put in, rare characters and old numbers included."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.dialect import Dialect, load_dialect
from portals.records import BadRecord, Record, eighteen
from portals.settings import PORTALS

DIALECTS = {name: load_dialect(PORTALS / name) for name in ("beijing", "tianjin", "hebei", "xiongan")}
NUMBERS = ["110000190001010012", "13310019000101009X", None]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
records = st.builds(
    Record,
    name=names | st.sampled_from(["阿依古丽·买买提", "马㛃", "𬎆"]),
    level=st.integers(1, 4),
    home_region=st.sampled_from(["110000", "133100"]),
    id_number=st.sampled_from(NUMBERS),
    phone=st.sampled_from(["10000000001", None]),
    gender=st.sampled_from(["male", "female", None]),
    updated_on=st.dates(date(1900, 1, 1), date(2100, 1, 1)) | st.none(),
)


@each_dialect
@given(record=records)
def test_what_was_written_is_read_back(dialect: Dialect, record: Record) -> None:
    assert dialect.read(dialect.write(record)) == record


@each_dialect
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_bad_record(dialect: Dialect, raw: bytes) -> None:
    with pytest.raises(BadRecord):
        dialect.read(raw)


@each_dialect
def test_what_was_not_released_does_not_appear(dialect: Dialect) -> None:
    written = dialect.write(Record("李明", 3, "110000")).decode(dialect.encoding)
    assert "null" not in written
    assert not any(name in written for name in ("certNo", "SFZH", "idcard", "111"))


def test_the_forms_differ_as_provinces_do() -> None:
    record = Record("马㛃", 3, "130000", "130000190001010016")
    forms = {name: dialect.write(record) for name, dialect in DIALECTS.items()}
    assert len(set(forms.values())) == 4
    assert json.loads(json.loads(forms["beijing"])["data"])["authLevel"] == "L3"
    assert json.loads(forms["tianjin"].decode("gb18030"))["ry"]["KXDJ"] == "四级"
    assert rb"\u36c3" in forms["hebei"]
    assert json.loads(forms["hebei"].decode("gbk"))["user"]["Truename"] == "马㛃"


def test_gbk_alone_would_lose_the_name() -> None:
    with pytest.raises(UnicodeEncodeError):
        "马㛃".encode("gbk")


def test_a_fifteen_digit_number_is_read_in_eighteen() -> None:
    assert eighteen("110000000101001") == "110000190001010012"
    assert eighteen("13310019000101009x") == "13310019000101009X"


@pytest.mark.parametrize("number", ["110000190001010013", "11000019000101001", "", "1100001900010100１2", "X" * 18])
def test_a_number_that_fails_its_check_is_refused(number: str) -> None:
    with pytest.raises(BadRecord):
        eighteen(number)


def test_a_portal_without_a_dialect_uses_the_national_form(tmp_path: Path) -> None:
    assert load_dialect(tmp_path).title["en"] == "National form"
