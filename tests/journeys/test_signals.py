"""What ends where, and when: a frozen account, a lowered level, a revoked family, a revoked access token."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from time import time

import pytest

from idp.endpoints.parts import Parts
from idp.model import Person as Account
from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import as_portal, parts_of, push, tokens, userinfo, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.portal_client import client_key
from tests.rules.tracked import ROOT


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    """A region for these stories alone: what happens to an account happens to all its sessions. Each has its own."""
    with RegionThread(tmp_path_factory.mktemp("signals") / "var") as running:
        yield running


def provider(region: RegionThread) -> Parts:
    """Return the parts of the running provider."""
    parts: Parts = region.app("idp").state.parts
    return parts


def account(region: RegionThread, username: str) -> Account:
    """Return an account as the provider has it."""
    found = region.run(provider(region).stores.people.for_login(username))
    who: Account = found[0]
    return who


def refresh_token(walker: Person, portal: str) -> str:
    """Return the refresh token that the portal holds for this person's session there."""
    connection = parts_of(walker.region, portal).database.connection
    row = connection.execute("SELECT refresh_token FROM sessions ORDER BY created_at DESC LIMIT 1").fetchone()
    return str(row[0])


def test_a_frozen_account_ends_everywhere_and_cannot_log_in(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "wang.tianjin")
    walker.roam(region.portal_names)
    held = {portal: walker.tokens(portal)[1] for portal in region.portal_names}
    region.run(provider(region).sign_outs.freeze(account(region, "wang.tianjin")))
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in held))
    for portal, access_token in held.items():
        assert whoami(walker, portal, access_token).status_code == 401
        assert userinfo(walker, portal, access_token).status_code == 401
    walker.at("beijing")
    walker.log_in()
    assert walker.page.status_code == 403
    assert walker.read("incident")
    region.run(provider(region).sign_outs.unfreeze(account(region, "wang.tianjin")))
    assert walker.visit("beijing").status_code == 200


def test_a_lowered_level_ends_the_visits_and_the_next_ones_show_the_new_level_without_a_password(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "li.beijing")
    walker.roam(["beijing", "tianjin"])
    assert walker.read("person-level").startswith("3")
    held = {portal: walker.tokens(portal)[1] for portal in ("beijing", "tianjin")}
    region.run(provider(region).sign_outs.set_level(account(region, "li.beijing"), 2))
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in held))
    assert {whoami(walker, portal, access_token).status_code for portal, access_token in held.items()} == {401}
    walker.at("tianjin")
    assert walker.read("person-level").startswith("2")
    _, access_token = walker.tokens("tianjin")
    assert whoami(walker, "tianjin", access_token).json()["level"] == 2


def test_a_raised_level_ends_nothing(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "zhou.xiongan")
    walker.visit("hebei")
    region.run(provider(region).sign_outs.set_level(account(region, "zhou.xiongan"), 3))
    assert not eventually(lambda: not walker.is_signed_in("hebei"), seconds=0.3)


def test_a_refresh_token_stays_the_same_and_is_of_no_use_to_anybody_else_fapi_2_5_3_2_1(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "chen.xiongan")
    walker.roam(["tianjin", "beijing"])
    stolen = refresh_token(walker, "beijing")
    portal = as_portal(walker, "beijing", time)
    answers = [portal.refresh(stolen) for _ in range(2)]
    assert [(answer.status_code, answer.json().get("refresh_token")) for answer in answers] == [(200, None)] * 2
    assert as_portal(walker, "tianjin", time).refresh(stolen).json()["error"] == "invalid_grant"
    forger = replace(portal.registration, key=client_key("ES256", str(portal.registration.key.kid)))
    assert replace(portal, registration=forger).refresh(stolen).json()["error"] == "invalid_client"
    assert all(walker.is_signed_in(one) for one in ("beijing", "tianjin"))
    assert portal.refresh(stolen).status_code == 200


def test_a_revoked_refresh_token_ends_that_portals_part(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "zhang.hebei")
    walker.roam(["hebei", "xiongan"])
    _, access_token = walker.tokens("xiongan")
    answer = as_portal(walker, "xiongan", time).call("/revoke", {"token": refresh_token(walker, "xiongan")})
    assert answer.status_code == 200
    assert eventually(lambda: not walker.is_signed_in("xiongan"))
    assert whoami(walker, "xiongan", access_token).status_code == 401
    assert walker.is_signed_in("hebei")


def test_a_revoked_access_token_ends_at_once_at_the_provider_and_by_expiry_at_the_portal(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "adili.beijing")
    walker.visit("hebei")
    client = as_portal(walker, "hebei", time)
    answer = tokens(walker, client, resource=client.resource, scope="openid profile real_name")
    assert client.active(answer.access_token)
    assert client.call("/revoke", {"token": answer.access_token}).status_code == 200
    assert not client.active(answer.access_token)
    assert userinfo(walker, "hebei", answer.access_token).status_code == 401
    assert whoami(walker, "hebei", answer.access_token).status_code == 200
    assert walker.is_signed_in("hebei")


def test_a_code_redeemed_twice_ends_what_came_of_it(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "gao.beijing")
    walker.visit("tianjin")
    client = as_portal(walker, "tianjin", time)
    first = tokens(walker, client, resource=client.resource)
    assert first.landing is not None
    assert client.exchange(first.landing).json()["error"] == "invalid_grant"
    assert userinfo(walker, "tianjin", first.access_token).status_code == 401
    assert eventually(lambda: not walker.is_signed_in("tianjin"))


def test_somebody_else_logging_in_at_the_same_browser_ends_the_first_persons_visits(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "rare.tianjin")
    walker.visit("beijing")
    client = as_portal(walker, "hebei", time)
    walker.go(push(client, client.ask(prompt="login")))
    walker.username = "liu.hebei"
    walker.log_in(until=client.redirect_uri)
    assert eventually(lambda: not walker.is_signed_in("beijing"))
    walker.visit("beijing")
    assert walker.read("person-name") == "刘洋"


def test_the_same_by_command_while_the_region_runs(make_region: RegionFactory, person: PersonFactory) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.roam(["beijing", "xiongan"])
    base = region.issuer.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "lab.cli", "people", "freeze", "li.beijing"],
        cwd=ROOT,
        env={**os.environ, "MANYOU_VAR": str(region.var), "MANYOU_PORT_BASE": base},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert eventually(lambda: not walker.is_signed_in("beijing") and not walker.is_signed_in("xiongan"))
