"""The people of the demonstration, read from the one file that lists them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from idp.features import CERTIFICATION, REGION, Features
from idp.model import Person
from idp.people.passwords import Passwords
from idp.stores.people_protocols import People
from web.clock import Clock

FILE = Path(__file__).parent / "demo_people.toml"


@dataclass(frozen=True)
class DemoPerson:
    """A synthetic person and what they are there to show, in zh and en."""

    person: Person
    note: Mapping[str, str]


def read(features: Features = REGION) -> tuple[str, list[DemoPerson]]:
    """Return the password that they all have, and the people that these features have."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    people = []
    further = table["people_with_every_claim"] if features.standard_claims else []
    for entry in [*table["people"], *further]:
        note = entry.pop("note")
        person = Person(user_id=entry["username"], frozen=False, **entry)
        people.append(DemoPerson(person, note))
    return table["password"], people


@functools.cache
def read_once(features: Features) -> tuple[str, list[DemoPerson]]:
    """Return the same, read from the file once."""
    return read(features)


async def any_there(store: People) -> bool:
    """Tell whether any of the demonstration's people can log in."""
    return not (await store.usernames()).isdisjoint(demo.person.username for demo in read_once(CERTIFICATION)[1])


async def seed(store: People, passwords: Passwords, clock: Clock, features: Features = REGION) -> int:
    """Add the people who are not there yet; return how many. Each has a hash of their own."""
    password, people = read(features)
    there = await store.usernames()
    missing = [demo.person for demo in people if demo.person.username not in there]
    hashes = await passwords.hash_many([password] * len(missing))
    for person, password_hash in zip(missing, hashes, strict=True):
        dated = replace(person, updated_at=int(clock()))
        await store.add(dated, password_hash)
    return len(missing)
