"""Two portals cannot join people: `sub` and `sid` are each portal's own, and the same wherever it sees them."""

from __future__ import annotations

import base64
import json
import logging
from time import time
from typing import Any

import pytest

from idp.oauth import logout_token
from lab.region import RegionThread
from tests.journeys.as_portal import as_portal, tokens, userinfo, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually

PORTALS = ("beijing", "tianjin", "hebei", "xiongan")


def claims(token: str) -> dict[str, Any]:
    """Return what a token says, without asking whether it is true."""
    payload = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def test_one_person_is_another_sub_and_sid_at_each_portal_and_one_within_it(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region)
    seen: dict[str, tuple[str, str]] = {}
    for portal in PORTALS:
        walker.visit(portal)
        page_sub = walker.read("person-sub")
        id_token, access_token = (claims(token) for token in walker.tokens(portal))
        token = walker.seen.texts["access-token"]
        told = userinfo(walker, portal, token).json()["sub"], whoami(walker, portal, token).json()["sub"]
        assert {id_token["sub"], access_token["sub"], *told, page_sub} == {id_token["sub"]}
        assert id_token["sid"] == access_token["sid"]
        seen[portal] = id_token["sub"], id_token["sid"]
    assert len({sub for sub, _ in seen.values()}) == 4
    assert len({sid for _, sid in seen.values()}) == 4


def test_the_logout_token_names_the_same_sub_and_sid_as_the_id_token(
    region: RegionThread, person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[tuple[str, str], str] = {}
    mint = logout_token.mint

    def listening(*arguments: Any) -> str:
        token = mint(*arguments)
        told[claims(token)["aud"], claims(token)["sid"]] = claims(token)["sub"]
        return token

    monkeypatch.setattr(logout_token, "mint", listening)
    walker = person(region, "wang.tianjin")
    walker.roam(PORTALS)
    known = {portal: claims(walker.tokens(portal)[0]) for portal in PORTALS}
    walker.log_out("hebei")
    expected = {(portal, id_token["sid"]): id_token["sub"] for portal, id_token in known.items()}
    assert eventually(lambda: expected.items() <= told.items())


def test_a_person_is_the_same_sub_at_every_visit_with_a_new_sid(region: RegionThread, person: PersonFactory) -> None:
    first, second = person(region), person(region)
    found = []
    for walker in (first, second):
        walker.visit("beijing")
        found.append(claims(walker.tokens("beijing")[0]))
    assert found[0]["sub"] == found[1]["sub"]
    assert found[0]["sid"] != found[1]["sid"]


def test_two_people_never_share_a_sub(region: RegionThread, person: PersonFactory) -> None:
    subs = []
    for username in ("li.beijing", "wang.tianjin", "chen.xiongan"):
        walker = person(region, username)
        for portal in PORTALS:
            walker.visit(portal)
            subs.append(walker.read("person-sub"))
    assert len(set(subs)) == len(subs) == 12


def test_tokens_hold_no_personal_data_and_nothing_that_two_portals_see_alike(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    ours, theirs = ([claims(token) for token in walker.tokens(portal)] for portal in ("beijing", "tianjin"))
    for token in (*ours, *theirs):
        assert not {"name", "real_name", "home_region", "phone_number", "id_number", "email"} & set(token)
        assert "李" not in json.dumps(token, ensure_ascii=False)
    for one, other in zip(ours, theirs, strict=True):
        alike = {name for name in one if one[name] == other.get(name)}
        # What is left says when and how somebody logged in; `scope` is the portals' own wish.
        assert alike <= {"iss", "auth_time", "acr", "amr", "scope", "exp", "iat"}


def test_one_portal_cannot_ask_about_anothers_token(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.visit("beijing")
    _, access_token = walker.tokens("beijing")
    tianjin = as_portal(walker, "tianjin", time)
    assert tianjin.introspect(access_token).json() == {"active": False}
    tianjin.call("/revoke", {"token": access_token})
    assert userinfo(walker, "beijing", access_token).status_code == 200
    assert as_portal(walker, "beijing", time).active(access_token)


def test_one_portal_cannot_have_a_token_for_another(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idp")
    walker = person(region)
    walker.visit("beijing")
    client = as_portal(walker, "beijing", time)
    asked = client.ask(resource=f"{region.address('hebei')}/api")
    answer = client.call("/par", asked.parameters)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert tokens(walker, client, resource=client.resource).access_token


def test_no_portal_stores_what_another_calls_the_person(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region)
    walker.roam(PORTALS)
    names = {portal: claims(walker.tokens(portal)[0]) for portal in PORTALS}
    for portal in PORTALS:
        connection = region.app(portal).state.portal.database.connection
        rows = [dict(row) for table in ("sessions", "accounts") for row in connection.execute(f"SELECT * FROM {table}")]
        kept = json.dumps(rows, ensure_ascii=False)
        for other in PORTALS:
            assert (names[other]["sub"] in kept) == (other == portal)
            assert (names[other]["sid"] in kept) == (other == portal)
