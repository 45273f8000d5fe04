"""docs/settings.md says of every setting what the code says: name, default, range."""

from __future__ import annotations

import annotated_types
import pytest
from pydantic.fields import FieldInfo

import idp.settings
import portals.settings
from tests.docs.defined import rows
from tests.rules.tracked import ROOT

DOCUMENT = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
TOLD = {row[0].strip("`"): row for row in rows(DOCUMENT) if row[0].startswith("`MANYOU_")}
FIELDS: dict[str, FieldInfo] = {
    **{f"MANYOU_{name.upper()}": field for name, field in portals.settings.Settings.model_fields.items()},
    **{f"MANYOU_{name.upper()}": field for name, field in idp.settings.Settings.model_fields.items()},
}
# One field that holds several variables, and the shape in which the document names them.
FIELDS["MANYOU_ADDRESS_<FOLDER>"] = FIELDS.pop("MANYOU_ADDRESSES")
IN_WORDS = {
    "MANYOU_ISSUER": "`http://idp.localhost:8000` (follows the port base)",
    "MANYOU_IDP_DATABASE": "`sqlite:///var/idp.db` (follows `MANYOU_VAR`)",
    "MANYOU_PORTAL_DATABASE": "`sqlite:///var/portals/{portal}/portal.db` (follows `MANYOU_VAR`)",
    "MANYOU_PORTAL_DATABASE_PASSWORD_FILE": "(none)",
    "MANYOU_ADDRESS_<FOLDER>": "`http://` host `:` port base + offset",
    "MANYOU_TLS_CERTIFICATE": "(none)",
    "MANYOU_TLS_KEY": "(none)",
    "MANYOU_TRUST": "(none)",
    "MANYOU_KEY_SECRET_FILE": "(none)",
    "MANYOU_IDP_DATABASE_PASSWORD_FILE": "(none)",
    "MANYOU_PORTALS": "the `portals` folder of the code",
    "MANYOU_PORTAL_SHOW_TOKENS": "as `MANYOU_DEMO`",
}


def test_the_document_lists_every_setting_and_no_other() -> None:
    assert sorted(TOLD) == sorted(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - IN_WORDS.keys()))
def test_a_default_is_the_codes(name: str) -> None:
    default = FIELDS[name].default
    text = str(default).lower() if isinstance(default, bool) else str(default)
    assert TOLD[name][1] == (f"`{text}`" if text else "(empty)")


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_range_is_the_codes(name: str) -> None:
    least = next((one.ge for one in FIELDS[name].metadata if isinstance(one, annotated_types.Ge)), None)
    most = next((one.le for one in FIELDS[name].metadata if isinstance(one, annotated_types.Le)), None)
    if least is not None:
        assert TOLD[name][2].removeprefix("seconds, ") == (f"{least} to {most}" if most else f"{least} or more")
    if name.endswith("_SECONDS"):
        assert TOLD[name][2].startswith("seconds, ")


def test_what_is_said_in_words_is_so() -> None:
    assert {name: TOLD[name][1] for name in IN_WORDS} == IN_WORDS
    of_provider, of_portal = idp.settings.Settings(), portals.settings.Settings()
    assert of_provider.issuer == of_portal.provider == "http://idp.localhost:8000"
    assert of_provider.idp_database == "sqlite:///var/idp.db"
    assert of_portal.database("hebei") == "sqlite:///var/portals/hebei/portal.db"
    assert of_provider.portals == of_portal.portals == str(ROOT / "portals")
    assert portals.settings.Settings(demo=False).show_tokens is False
    assert of_portal.show_tokens is True


def test_what_both_read_has_one_default() -> None:
    mine, other = idp.settings.Settings.model_fields, portals.settings.Settings.model_fields
    assert {name for name in mine.keys() & other.keys() if mine[name].default != other[name].default} == set()


@pytest.mark.parametrize("issuer", ["https://idp.example", "https://idp.example/", "http://idp.localhost:9000"])
def test_what_both_read_means_the_same_to_both(issuer: str) -> None:
    assert idp.settings.Settings(issuer=issuer).issuer == portals.settings.Settings(issuer=issuer).provider
