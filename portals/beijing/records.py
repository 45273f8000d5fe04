"""Beijing's form, as modelled: JSON in a JSON string, statuses are numbers as text, levels are L1 to L4."""

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

GENDERS: Mapping[str, Gender] = {"1": "male", "2": "female"}
LEVELS = {"L1": 1, "L2": 2, "L3": 3, "L4": 4}
DATES = "%Y-%m-%d %H:%M:%S"
NATURAL_PERSON = "1"


class BeijingRecord:
    """meta and data; data is a text that holds JSON again."""

    title: Mapping[str, str] = {
        "zh-CN": "北京格式：JSON 套 JSON 字符串，UTF-8",
        "en": "Beijing form: JSON in a JSON string",
    }
    encoding = "utf-8"

    def write(self, record: Record) -> bytes:
        """Return `record` in this form."""
        data = {
            "userName": record.name,
            "certType": RESIDENT_ID_CARD if record.id_number else None,
            "certNo": record.id_number,
            "mobile": record.phone,
            "sex": reversed_codes(GENDERS)[record.gender] if record.gender else None,
            "authLevel": reversed_codes(LEVELS)[record.level],
            "userType": NATURAL_PERSON,
            "areaCode": record.home_region,
            "modifyTime": f"{record.updated_on:%Y-%m-%d} 00:00:00" if record.updated_on else None,
        }
        inner = json.dumps(without_empty(data), ensure_ascii=False)
        outer = {"meta": {"code": "200", "message": "success"}, "data": inner}
        return json.dumps(outer, ensure_ascii=False, indent=2).encode(self.encoding)

    def read(self, raw: bytes) -> Record:
        """Return the record that `raw` holds. Raises BadRecord."""
        outer = fields(decoded(raw, self.encoding))
        if fields(outer, "meta").get("code") != "200":
            raise BadRecord("meta.code is not 200.")
        found = fields(decoded(text_of(outer, "data").encode(), "utf-8"))
        return Record(
            name=text_of(found, "userName"),
            level=code_of(LEVELS, found, "authLevel"),
            home_region=text_of(found, "areaCode"),
            id_number=optional_number(found, "certNo"),
            phone=optional_text(found, "mobile"),
            gender=optional_code(GENDERS, found, "sex"),
            updated_on=optional_date(found, "modifyTime", DATES),
        )


DIALECT = BeijingRecord()
