"""What ends where, and when: a frozen account, a lowered level, a revoked family, a revoked access token."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from time import time

import pytest

from idp.endpoints.parts import Parts
from idp.model import Person as Account
from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import as_portal, parts_of, tokens
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
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


def whoami(walker: Person, portal: str, access_token: str) -> int:
    """Return the status with which the portal's API answers that token."""
    answer = walker.at(portal, "/api/whoami", headers={"authorization": f"Bearer {access_token}"})
    return answer.status_code


def userinfo(walker: Person, access_token: str) -> int:
    """Return the status with which the provider answers that token at /userinfo."""
    return walker.at("idp", "/userinfo", headers={"authorization": f"Bearer {access_token}"}).status_code


def refresh_token(walker: Person, portal: str) -> str:
    """Return the refresh token that the portal holds for this person's session there."""
    connection = parts_of(walker.region, portal).connection
    row = connection.execute("SELECT refresh_token FROM sessions ORDER BY created_at DESC LIMIT 1").fetchone()
    return str(row[0])


def test_a_frozen_account_ends_everywhere_and_cannot_log_in(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "wang.tianjin")
    walker.roam(region.portal_names)
    held = {portal: walker.tokens(portal)[1] for portal in region.portal_names}
    region.run(provider(region).sign_outs.freeze(account(region, "wang.tianjin")))
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in held), seconds=1)
    for portal, access_token in held.items():
        assert whoami(walker, portal, access_token) == 401
        assert userinfo(walker, access_token) == 401
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
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in held), seconds=1)
    assert {whoami(walker, portal, access_token) for portal, access_token in held.items()} == {401}
    walker.at("tianjin")
    assert walker.read("person-level").startswith("2")
    _, access_token = walker.tokens("tianjin")
    answer = walker.at("tianjin", "/api/whoami", headers={"authorization": f"Bearer {access_token}"})
    assert answer.json()["level"] == 2


def test_a_raised_level_ends_nothing(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "zhou.xiongan")
    walker.visit("hebei")
    region.run(provider(region).sign_outs.set_level(account(region, "zhou.xiongan"), 3))
    assert not eventually(lambda: not walker.is_signed_in("hebei"), seconds=0.3)


def test_a_refresh_token_used_twice_ends_that_portals_part_and_no_other(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "chen.xiongan")
    walker.roam(["tianjin", "beijing"])
    _, access_token = walker.tokens("beijing")
    stolen = refresh_token(walker, "beijing")
    thief = as_portal(walker, "beijing", time)
    first = thief.refresh(stolen)
    assert first.status_code == 200
    assert thief.refresh(stolen).json()["error"] == "invalid_grant"
    assert thief.refresh(first.json()["refresh_token"]).json()["error"] == "invalid_grant"
    assert eventually(lambda: not walker.is_signed_in("beijing"), seconds=1)
    assert whoami(walker, "beijing", access_token) == 401
    assert userinfo(walker, access_token) == 401
    assert walker.is_signed_in("tianjin")
    assert walker.visit("beijing").url == f"{region.address('beijing')}/me"


def test_a_revoked_refresh_token_ends_that_portals_part(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "zhang.hebei")
    walker.roam(["hebei", "xiongan"])
    _, access_token = walker.tokens("xiongan")
    answer = as_portal(walker, "xiongan", time).call("/revoke", {"token": refresh_token(walker, "xiongan")})
    assert answer.status_code == 200
    assert eventually(lambda: not walker.is_signed_in("xiongan"), seconds=1)
    assert whoami(walker, "xiongan", access_token) == 401
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
    assert userinfo(walker, answer.access_token) == 401
    assert whoami(walker, "hebei", answer.access_token) == 200
    assert walker.is_signed_in("hebei")


def test_a_code_redeemed_twice_ends_what_came_of_it(region: RegionThread, person: PersonFactory) -> None:
    walker = person(region, "gao.beijing")
    walker.visit("tianjin")
    client = as_portal(walker, "tianjin", time)
    first = tokens(walker, client, resource=client.resource)
    assert first.landing is not None
    assert client.exchange(first.landing).json()["error"] == "invalid_grant"
    assert userinfo(walker, first.access_token) == 401
    assert eventually(lambda: not walker.is_signed_in("tianjin"), seconds=1)


def test_somebody_else_logging_in_at_the_same_browser_ends_the_first_persons_visits(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "rare.tianjin")
    walker.visit("beijing")
    client = as_portal(walker, "hebei", time)
    walker.go(client.authorize_url(client.ask(prompt="login")))
    walker.username = "liu.hebei"
    walker.log_in(until=client.redirect_uri)
    assert eventually(lambda: not walker.is_signed_in("beijing"), seconds=1)
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
    assert eventually(lambda: not walker.is_signed_in("beijing") and not walker.is_signed_in("xiongan"), seconds=2)
