"""The gate before an item, and the mask over a name."""

from __future__ import annotations

import pytest

from portals.items import Item, Who, gate
from portals.levels import acr, level_of
from portals.me import covered
from portals.visitor import masked


def item(who: tuple[Who, ...] = ("natural",), level: int = 3, needs: tuple[str, ...] = ()) -> Item:
    return Item("X-1", {"zh-CN": "事", "en": "thing"}, who, level, "online", needs, ())


@pytest.mark.parametrize(
    ("offered", "level", "scope", "steps", "missing"),
    [
        (item(), None, (), ("sign_in",), ()),
        (item(), 3, (), (), ()),
        (item(), 4, (), (), ()),
        (item(), 2, (), ("raise_level",), ()),
        (item(needs=("phone",)), 3, ("openid",), ("consent",), ("phone",)),
        (item(needs=("phone",)), 3, ("openid", "phone"), (), ()),
        (item(needs=("phone", "id_number")), 3, ("phone",), ("consent",), ("id_number",)),
        # Nothing is asked for while the level is too low anyway.
        (item(needs=("phone",)), 1, (), ("raise_level",), ("phone",)),
        (item(who=("legal",)), 4, (), ("legal_only",), ()),
        (item(who=("legal",), needs=("phone",)), 1, (), ("legal_only", "raise_level"), ("phone",)),
        (item(who=("natural", "legal")), 3, (), (), ()),
        (item(level=1), 0, (), ("raise_level",), ()),
    ],
)
def test_what_stands_before_an_item(
    offered: Item, level: int | None, scope: tuple[str, ...], steps: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    found = gate(offered, level, scope, scope)
    assert (found.steps, found.missing, found.open) == (steps, missing, not steps)


def test_consent_to_what_nobody_has_does_not_open_an_item() -> None:
    found = gate(item(needs=("phone", "id_number")), 3, ("phone", "id_number"), ("id_number",))
    assert (found.steps, found.missing) == (("no_data",), ("phone",))


@pytest.mark.parametrize(
    ("name", "shown"), [("李明", "李*"), ("李*", "李*"), ("阿依古丽·买买提", "阿*"), ("𬎆山", "𬎆*"), ("", "*")]
)
def test_names_are_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


@pytest.mark.parametrize(("number", "shown"), [("110000190001010012", "110*************12"), ("12345", "*****")])
def test_numbers_are_covered(number: str, shown: str) -> None:
    assert covered(number) == shown


@pytest.mark.parametrize(
    "value", [None, 3, "3", "urn:manyou:loa:5", "urn:manyou:loa:", "urn:other:loa:3", ["urn:manyou:loa:3"]]
)
def test_any_other_acr_is_no_level(value: object) -> None:
    assert level_of(value) == 0


def test_levels_and_acr_values_belong_together() -> None:
    assert [level_of(acr(level)) for level in (1, 2, 3, 4)] == [1, 2, 3, 4]
