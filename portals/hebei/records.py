"""Hebei's form, as modelled: GBK, which lacks rare characters, so that these travel as JSON escapes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from portals.records import (
    RESIDENT_ID_CARD,
    BadRecord,
    Gender,
    Record,
    code_of,
    decoded,
    fields,
    optional_code,
    optional_date,
    optional_number,
    optional_text,
    reversed_codes,
    text_of,
    without_empty,
)

GENDERS: Mapping[str, Gender] = {"M": "male", "F": "female"}
LEVELS = {"01": 1, "02": 2, "03": 3, "04": 4}
DATES = "%Y/%m/%d"


class HebeiRecord:
    """retCode, retMsg and user; 可信等级 is the one field with a Chinese name."""

    title: Mapping[str, str] = {
        "zh-CN": "河北格式：GBK，生僻字以 \\u 转义传输",
        "en": "Hebei form: GBK, rare characters as \\u escapes",
    }
    encoding = "gbk"

    def write(self, record: Record) -> bytes:
        """Return `record` in this form."""
        user = {
            "Truename": record.name,
            "cardtype": RESIDENT_ID_CARD if record.id_number else None,
            "idcard": record.id_number,
            "phone": record.phone,
            "gender": reversed_codes(GENDERS)[record.gender] if record.gender else None,
            "可信等级": reversed_codes(LEVELS)[record.level],
            "region": record.home_region,
            "updated": f"{record.updated_on:%Y/%m/%d}" if record.updated_on else None,
        }
        whole = {"retCode": "0000", "retMsg": "成功", "user": without_empty(user)}
        text = json.dumps(whole, ensure_ascii=False, indent=2)
        return "".join(map(_held_by_gbk, text)).encode(self.encoding)

    def read(self, raw: bytes) -> Record:
        """Return the record that `raw` holds. Raises BadRecord."""
        whole = fields(decoded(raw, self.encoding))
        if whole.get("retCode") != "0000":
            raise BadRecord("retCode is not 0000.")
        found = fields(whole, "user")
        return Record(
            name=text_of(found, "Truename"),
            level=code_of(LEVELS, found, "可信等级"),
            home_region=text_of(found, "region"),
            id_number=optional_number(found, "idcard"),
            phone=optional_text(found, "phone"),
            gender=optional_code(GENDERS, found, "gender"),
            updated_on=optional_date(found, "updated", DATES),
        )


def _held_by_gbk(char: str) -> str:
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        # Characters outside GBK stand only inside JSON strings, where an escape means the same.
        return json.dumps(char)[1:-1]
    return char


DIALECT = HebeiRecord()
