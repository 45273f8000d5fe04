"""A person's record in the format of one province: field names, envelope, code sets and encodings differ.

The dialects are modelled on how local platforms differ, they are not any real platform's format. A portal whose
dialect differs from the national form has a records.py in its folder with a `DIALECT`; one without it uses NATIONAL.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from portals.levels import acr, level_of
from portals.records import (
    RESIDENT_ID_CARD,
    BadRecord,
    Gender,
    Record,
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
from web.addresses import BadPortalFile


@runtime_checkable
class Dialect(Protocol):
    """One province's form of a Record. `write` loses nothing that `read` needs."""

    @property
    def title(self) -> Mapping[str, str]:
        """What the form is called, by language."""

    @property
    def encoding(self) -> str:
        """The encoding of the bytes, as Python names it."""

    def write(self, record: Record) -> bytes:
        """Return `record` in this form."""

    def read(self, raw: bytes) -> Record:
        """Return the record that `raw` holds. Raises BadRecord."""


GENDERS: Mapping[str, Gender] = {"1": "male", "2": "female"}
"""GB/T 2261.1."""


class National:
    """The form of the national platform, as modelled: flat JSON in UTF-8, ISO 8601 dates, levels as `acr` URNs."""

    title: Mapping[str, str] = {"zh-CN": "国家平台格式", "en": "National form"}
    encoding = "utf-8"

    def write(self, record: Record) -> bytes:
        """Return `record` in this form."""
        values = {
            "name": record.name,
            "certType": RESIDENT_ID_CARD if record.id_number else None,
            "certNo": record.id_number,
            "mobile": record.phone,
            "gender": reversed_codes(GENDERS)[record.gender] if record.gender else None,
            "authLevel": acr(record.level),
            "areaCode": record.home_region,
            "updatedOn": record.updated_on.isoformat() if record.updated_on else None,
        }
        return json.dumps(without_empty(values), ensure_ascii=False, indent=2).encode(self.encoding)

    def read(self, raw: bytes) -> Record:
        """Return the record that `raw` holds. Raises BadRecord."""
        found = fields(decoded(raw, self.encoding))
        level = level_of(found.get("authLevel"))
        if not level:
            raise BadRecord("authLevel is not a level.")
        return Record(
            name=text_of(found, "name"),
            level=level,
            home_region=text_of(found, "areaCode"),
            id_number=optional_number(found, "certNo"),
            phone=optional_text(found, "mobile"),
            gender=optional_code(GENDERS, found, "gender"),
            updated_on=optional_date(found, "updatedOn", "%Y-%m-%d"),
        )


NATIONAL = National()


def load_dialect(folder: Path) -> Dialect:
    """Return the `DIALECT` of `folder`/records.py, NATIONAL where there is no such file. Raises BadPortalFile."""
    path = folder / "records.py"
    if not path.is_file():
        return NATIONAL
    spec = importlib.util.spec_from_file_location(f"portals_records_{folder.name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadPortalFile(f"{path}: cannot be loaded: {error!r}") from error
    dialect = getattr(module, "DIALECT", None)
    if not isinstance(dialect, Dialect):
        raise BadPortalFile(f"{path}: needs a DIALECT with title, encoding, write and read (portals/dialect.py).")
    return dialect
