"""Tianjin's form, as modelled: field names are pinyin initials, levels are 二级 to 五级, GB 18030, dates in digits."""

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

GENDERS: Mapping[str, Gender] = {"男": "male", "女": "female"}
LEVELS = {"二级": 1, "三级": 2, "四级": 3, "五级": 4}
DATES = "%Y%m%d"


class TianjinRecord:
    """zt (status) and ry (the person); GB 18030 holds every character, four bytes for the rare ones."""

    title: Mapping[str, str] = {
        "zh-CN": "天津格式：拼音首字母字段，GB 18030",
        "en": "Tianjin form: pinyin field names, GB 18030",
    }
    encoding = "gb18030"

    def write(self, record: Record) -> bytes:
        """Return `record` in this form."""
        person = {
            "XM": record.name,
            "ZJLX": RESIDENT_ID_CARD if record.id_number else None,
            "SFZH": record.id_number,
            "SJHM": record.phone,
            "XB": reversed_codes(GENDERS)[record.gender] if record.gender else None,
            "KXDJ": reversed_codes(LEVELS)[record.level],
            "XZQH": record.home_region,
            "GXRQ": f"{record.updated_on:%Y%m%d}" if record.updated_on else None,
        }
        whole = {"zt": "0", "ry": without_empty(person)}
        return json.dumps(whole, ensure_ascii=False, indent=2).encode(self.encoding)

    def read(self, raw: bytes) -> Record:
        """Return the record that `raw` holds. Raises BadRecord."""
        whole = fields(decoded(raw, self.encoding))
        if whole.get("zt") != "0":
            raise BadRecord("zt is not 0.")
        found = fields(whole, "ry")
        return Record(
            name=text_of(found, "XM"),
            level=code_of(LEVELS, found, "KXDJ"),
            home_region=text_of(found, "XZQH"),
            id_number=optional_number(found, "SFZH"),
            phone=optional_text(found, "SJHM"),
            gender=optional_code(GENDERS, found, "XB"),
            updated_on=optional_date(found, "GXRQ", DATES),
        )


DIALECT = TianjinRecord()
