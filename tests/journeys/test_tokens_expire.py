"""Tokens and sessions that run out, with the clock turned: renewed before they would be shown, ended where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any

import httpx
import pytest

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import parts_of, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.journeys.test_pairwise import claims
from tests.person import Person, Seen
from web.clock import SettableClock

Clocked = tuple[RegionThread, SettableClock]


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clocked]:
    """A region whose clock moves only when it is told to, for these stories one after the other."""
    clock = SettableClock(time())
    with RegionThread(tmp_path_factory.mktemp("clocked") / "var", clock=clock) as running:
        yield running, clock


@pytest.fixture
def clocked_with(make_region: RegionFactory) -> Callable[..., Clocked]:
    """The same with settings of the test's own."""

    def make(**options: Any) -> Clocked:
        clock = SettableClock(time())
        return make_region(clock=clock, **options), clock

    return make


def events(region: RegionThread, name: str) -> int:
    """Return how many events of that name the provider's audit has."""
    return len(region.run(region.app("idp").state.parts.stores.audit.latest(100, name)))


def test_a_portal_renews_its_tokens_before_it_would_show_an_expired_one(
    clocked: Clocked, person: PersonFactory
) -> None:
    region, clock = clocked
    walker = person(region)
    walker.visit("beijing")
    first = walker.tokens("beijing")
    kept = claims(first[0])
    clock.advance(200)
    assert walker.tokens("beijing") == first
    for _ in range(4):
        clock.advance(280)
        id_token, access_token = (claims(token) for token in walker.tokens("beijing"))
        for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid"):
            assert id_token[name] == kept[name]
        assert id_token["exp"] > clock.now
        assert access_token["exp"] > clock.now
        assert "refused" not in walker.page.text
        assert walker.page.text.count("badge-good") >= 2
        answer = whoami(walker, "beijing", walker.seen.texts["access-token"], clock=clock)
        assert answer.status_code == 200
    assert events(region, "refresh.reused") == 0


def test_two_tabs_that_renew_at_the_same_time_do_not_revoke_the_family(clocked: Clocked, person: PersonFactory) -> None:
    region, clock = clocked
    walker = person(region)
    walker.visit("tianjin")
    before = walker.tokens("tianjin")
    ended = events(region, "sign_in.ended")
    for _ in range(3):
        clock.advance(290)
        tabs = _at_once(walker, "tianjin", 6)
        assert [tab.status_code for tab in tabs] == [200] * 6
        shown = {Seen(tab.text).texts["access-token"] for tab in tabs}
        assert len(shown) == 1
        assert shown != {before[1]}
    assert walker.is_signed_in("tianjin")
    assert events(region, "refresh.reused") == 0
    assert events(region, "sign_in.ended") == ended


def _at_once(walker: Person, portal: str, tabs: int) -> list[httpx.Response]:
    address = f"{walker.region.address(portal)}/inspect"
    with ThreadPoolExecutor(tabs) as pool:
        return list(pool.map(lambda _: walker.browser.get(address), range(tabs)))


def test_a_renewal_that_the_provider_cannot_answer_is_tried_again_and_loses_nothing(
    clocked: Clocked, person: PersonFactory
) -> None:
    region, clock = clocked
    walker = person(region)
    walker.visit("hebei")
    clock.advance(290)
    region.stop_service("idp")
    walker.at("hebei", "/inspect")
    assert walker.page.status_code == 503
    assert walker.page.headers["retry-after"]
    assert walker.is_signed_in("hebei")
    region.start_service("idp")
    clock.advance(5)
    assert claims(walker.tokens("hebei")[1])["exp"] > clock.now


def test_a_session_that_nobody_used_at_the_provider_ends_at_the_portals(
    clocked_with: Callable[..., Clocked], person: PersonFactory
) -> None:
    region, clock = clocked_with(idp_values={"idp_session_idle_seconds": 600})
    walker = person(region)
    walker.roam(region.portal_names)
    clock.advance(599)
    assert all(walker.is_signed_in(portal) for portal in region.portal_names)
    clock.advance(2)
    assert eventually(lambda: not any(walker.is_signed_in(portal) for portal in region.portal_names), clock=clock)
    walker.at("beijing")
    assert walker.asked_for_password()


def test_a_session_that_has_reached_its_age_ends_at_the_portals_though_it_is_in_use(
    clocked_with: Callable[..., Clocked], person: PersonFactory
) -> None:
    region, clock = clocked_with(idp_values={"idp_session_seconds": 1200})
    walker = person(region)
    walker.roam(["beijing", "xiongan"])
    for _ in range(4):
        clock.advance(280)
        for portal in ("beijing", "xiongan"):
            walker.tokens(portal)
            assert walker.page.status_code == 200
    clock.advance(100)
    assert eventually(lambda: not any(walker.is_signed_in(one) for one in ("beijing", "xiongan")), clock=clock)


def test_a_portals_own_session_ends_when_nobody_comes_and_a_roam_begins_it_again(
    clocked_with: Callable[..., Clocked], person: PersonFactory
) -> None:
    region, clock = clocked_with(portal_values={"portal_idle_seconds": 300})
    walker = person(region)
    walker.visit("beijing")
    clock.advance(301)
    assert not walker.is_signed_in("beijing")
    walker.at("beijing")
    assert walker.read("person-name") == "李明"


def test_a_log_in_page_that_waited_too_long_says_so_and_offers_a_way_on(
    clocked: Clocked, person: PersonFactory
) -> None:
    region, clock = clocked
    walker = person(region)
    walker.at("beijing")
    clock.advance(1900)
    walker.log_in()
    assert walker.page.status_code == 400
    assert walker.read("incident")
    assert walker.visit("beijing").status_code == 200


def test_a_log_in_that_came_back_to_the_portal_too_late_begins_again(clocked: Clocked, person: PersonFactory) -> None:
    region, clock = clocked
    walker = person(region)
    walker.at("beijing")
    clock.advance(1000)
    walker.log_in()
    assert walker.seen.attributes["problem"]["data-problem"] == "flow_ended"
    walker.follow("problem-again")
    assert walker.page.url == f"{region.address('beijing')}/me"


def test_keys_rotated_while_people_roam_stop_nobody(clocked: Clocked, person: PersonFactory) -> None:
    region, clock = clocked
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    old_id_token, old_access_token = walker.tokens("beijing")
    keys = region.app("idp").state.parts.keys
    for _ in range(2):
        region.run(keys.rotate("ES256"))
        clock.advance(40)
    assert whoami(walker, "beijing", old_access_token, clock=clock).status_code == 200
    for portal in ("hebei", "tianjin", "xiongan"):
        walker.visit(portal)
        assert walker.read("person-name") == "李明"
    assert parts_of(region, "hebei").portal.signing_alg == "ES256"
    walker.at("idp", "/end_session", params={"id_token_hint": old_id_token})
    assert eventually(lambda: not walker.is_signed_in("beijing"), clock=clock)
