"""The people of the demonstration, and the one whom the certification tests ask for every standard claim (Core 5.1)."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from pathlib import Path

from idp.features import CERTIFICATION, REGION
from idp.model import Grant, Person
from idp.oauth.claims import CLAIMS_OF_SCOPE, userinfo
from idp.people import demo_people
from idp.people.passwords import Passwords
from idp.stores.sqlite import open_stores
from tests.replaced import replace

STANDARD = {
    "sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
    "phone_number_verified", "address", "updated_at",
}  # fmt: skip
"""Core 5.1."""
ADDRESS = {"formatted", "street_address", "locality", "region", "postal_code", "country"}
"""Core 5.1.1."""
GRANT = Grant("g", "c", "p", "s", "sid", "sub", "https://c.example/", (), None, None, None, 0, 4, ("pwd",), 0, 0)


def every_claim() -> Person:
    (only,) = [one.person for one in demo_people.read(CERTIFICATION)[1] if one.person.standard_claims]
    return replace(only, updated_at=1_800_000_000)


def test_only_certification_knows_the_person_with_every_claim() -> None:
    region, certification = demo_people.read(REGION)[1], demo_people.read(CERTIFICATION)[1]
    assert certification[: len(region)] == region
    assert [one.person.username for one in certification[len(region) :]] == [every_claim().username]
    assert not any(one.person.standard_claims for one in region)


def test_that_person_has_every_standard_claim_typed_as_core_5_1_says() -> None:
    told = userinfo(every_claim(), GRANT, CLAIMS_OF_SCOPE)
    assert set(told) - {"home_region", "real_name", "id_number"} == STANDARD
    assert {name for name in STANDARD if not isinstance(told[name], str)} == {
        "email_verified", "phone_number_verified", "address", "updated_at",
    }  # fmt: skip
    assert told["email_verified"] is told["phone_number_verified"] is True
    assert type(told["updated_at"]) is int
    assert set(told["address"]) == ADDRESS
    texts = [told[name] for name in STANDARD if isinstance(told[name], str)] + list(told["address"].values())
    assert all(text.strip() == text != "" for text in texts)
    assert date.fromisoformat(told["birthdate"]).year == 1900
    assert re.fullmatch("[A-Z][a-z]+/[A-Z][a-z]+", told["zoneinfo"])
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", told["phone_number"])
    assert re.fullmatch(r"[a-z]{2,3}-[A-Z]{2}", told["locale"])


def test_that_person_is_as_synthetic_as_the_others() -> None:
    person = every_claim()
    claims = person.standard_claims
    for address in (claims["profile"], claims["picture"], claims["website"]):
        assert re.fullmatch(r"https://[a-z.-]+\.example/.*", address)
    assert str(person.email).endswith(".example")
    # A prefix that no operator assigns, and a number that cannot be issued: born 1900 in a province.
    assert claims["phone_number"] == f"+86{person.phone}"
    assert str(person.phone).startswith("100000000")
    assert person.id_number.startswith("110000" + claims["birthdate"].replace("-", ""))


def test_no_two_of_them_share_what_is_ones_own() -> None:
    people = [one.person for one in demo_people.read(CERTIFICATION)[1]]
    for name in ("username", "id_number", "phone", "email"):
        values = [getattr(person, name) for person in people if getattr(person, name)]
        assert len(set(values)) == len(values)


def test_they_are_added_once_and_kept_with_every_claim(tmp_path: Path) -> None:
    stores, passwords = open_stores(tmp_path / "idp.db"), Passwords(2, 8)

    async def seeded() -> tuple[list[int], Person | None, bool]:
        added = [
            await demo_people.seed(stores.people, passwords, lambda: 7.5, features)
            for features in (REGION, CERTIFICATION, CERTIFICATION)
        ]
        return added, await stores.people.by_id("every.claim"), await demo_people.any_there(stores.people)

    try:
        added, kept, there = asyncio.run(seeded())
    finally:
        passwords.close()
        asyncio.run(stores.upkeep.close())
    assert added == [10, 1, 0]
    assert kept == replace(every_claim(), updated_at=7)
    assert there
