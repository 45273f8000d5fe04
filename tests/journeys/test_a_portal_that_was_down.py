"""A portal that was down gets its log-out when it returns; what was remembered survives the provider's restart."""

from __future__ import annotations

from pathlib import Path
from time import time

from idp.delivery.queue import LEASE_SECONDS, LONGEST_BACKOFF_SECONDS, SEND_SECONDS, backoff
from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import Person
from web.clock import SettableClock


def state(walker: Person, portal: str) -> str:
    """Return what the zone says about the log-out of a portal."""
    walker.at("idp", "/")
    return walker.seen.attributes[f"delivery-{portal}"]["data-state"]


def test_a_portal_that_was_down_is_told_within_the_back_off_when_it_returns(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    clock = SettableClock(time())
    region: RegionThread = make_region(clock=clock)
    walker = person(region)
    walker.roam(region.portal_names)
    region.stop_service("hebei")
    walker.log_out("beijing")
    assert walker.page.status_code == 200
    assert eventually(lambda: state(walker, "hebei") == "retrying")
    others = ("beijing", "tianjin", "xiongan")
    assert eventually(lambda: {state(walker, portal) for portal in others} == {"delivered"})
    region.start_service("hebei")
    assert walker.is_signed_in("hebei")
    clock.advance(backoff(1, 1.0))
    assert eventually(lambda: not walker.is_signed_in("hebei"), clock=clock)
    assert eventually(lambda: state(walker, "hebei") == "delivered", clock=clock)


def test_by_the_real_clock_it_is_told_after_seconds_not_minutes(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    region.stop_service("tianjin")
    walker.log_out("beijing")
    region.start_service("tianjin")
    assert eventually(lambda: not walker.is_signed_in("tianjin"))


def test_nothing_waits_for_a_portal_that_is_down(make_region: RegionFactory, person: PersonFactory) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.roam(region.portal_names)
    region.stop_service("hebei")
    before = len(walker.hops)
    walker.log_out("beijing")
    assert max(hop.elapsed.total_seconds() for hop in walker.hops[before:]) < SEND_SECONDS
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in ("beijing", "tianjin", "xiongan")))


def test_the_queue_survives_a_restart_of_the_provider(make_region: RegionFactory, person: PersonFactory) -> None:
    clock = SettableClock(time())
    region: RegionThread = make_region(clock=clock)
    walker = person(region)
    walker.roam(["hebei", "xiongan"])
    region.stop_service("hebei")
    walker.log_out("xiongan")
    region.stop_service("idp")
    clock.advance(LEASE_SECONDS + LONGEST_BACKOFF_SECONDS)
    region.start_service("hebei")
    assert walker.is_signed_in("hebei")
    region.start_service("idp")
    assert eventually(lambda: not walker.is_signed_in("hebei"), clock=clock)
    assert eventually(lambda: state(walker, "hebei") == "delivered", clock=clock)


def test_a_restart_of_everything_keeps_sessions_consents_keys_and_accounts(
    make_region: RegionFactory, person: PersonFactory, tmp_path: Path
) -> None:
    region: RegionThread = make_region(tmp_path / "kept")
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    sub = walker.read("person-sub")
    walker.at("beijing", "/login?item=BJ-0101")
    walker.press("consent-allow")
    kids = {key["kid"] for key in walker.at("idp", "/jwks").json()["keys"]}
    id_token, access_token = walker.tokens("tianjin")
    for name in (*region.portal_names, "idp"):
        region.stop_service(name)
    for name in ("idp", *region.portal_names):
        region.start_service(name)
    assert {key["kid"] for key in walker.at("idp", "/jwks").json()["keys"]} == kids
    assert walker.is_signed_in("beijing")
    assert walker.is_signed_in("tianjin")
    assert walker.read("person-sub") == sub
    assert walker.tokens("tianjin") == (id_token, access_token)
    assert whoami(walker, "tianjin", access_token).status_code == 200
    assert walker.visit("hebei").status_code == 200
    walker.at("beijing", "/login?item=BJ-0101")
    assert walker.page.url == f"{region.address('beijing')}/items/BJ-0101"
