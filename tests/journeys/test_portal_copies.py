"""Two processes of a portal on one store are one portal, whichever of them is asked; and one of them is enough."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from time import time

import httpx
import psycopg
import pytest

from lab.region import RegionThread
from portals.client_key import DPOP_KEY, load_key
from tests.journeys.eventually import eventually
from tests.person import Person, Seen
from tests.portal_copies import METRICS_TOKEN, PortalCopies
from tests.postgres import PostgresServer
from web.dpop import make_proof

TABS = 50
MOST_TRIES = 20
PORTALS = ("beijing", "hebei")
Write = Callable[[str, str], None]


@pytest.fixture(scope="module", params=["one file", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Where the copies of a portal keep what they share; for SQLite the file in the region's folder."""
    if request.param == "one file":
        return str
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database


@pytest.fixture(scope="module")
def copies(database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalCopies]:
    """Two copies each of Beijing's and Hebei's portal, started at the same moment."""
    place = tmp_path_factory.mktemp("copies")
    with RegionThread(place / "var") as region, PortalCopies(region, place, PORTALS, database()) as running:
        yield running


@pytest.fixture
def copies_of_all(database: Callable[[], str], tmp_path: Path) -> Iterator[PortalCopies]:
    """Two copies of each of the four portals."""
    with (
        RegionThread(tmp_path / "var") as region,
        PortalCopies(region, tmp_path, region.portal_names, database()) as running,
    ):
        yield running


@pytest.fixture
def two_of_beijing(database: Callable[[], str], tmp_path: Path) -> Iterator[PortalCopies]:
    """Two copies of Beijing's portal alone, one of which may be killed."""
    with RegionThread(tmp_path / "var") as region, PortalCopies(region, tmp_path, ["beijing"], database()) as running:
        yield running


@pytest.fixture
def write(copies: PortalCopies) -> Write:
    """Change a portal's store from outside."""

    def change(portal: str, statement: str) -> None:
        if copies.database:
            with psycopg.connect(copies.database, autocommit=True) as connection:
                connection.execute(f"SET search_path = portal_{portal}".encode())
                connection.execute(statement.encode())
        else:
            path = copies.region.var / "portals" / portal / "portal.db"
            with closing(sqlite3.connect(path, isolation_level=None)) as file:
                file.execute(statement)

    return change


def cookies_for(walker: Person, portal: str) -> dict[str, str]:
    return {cookie.name: cookie.value or "" for cookie in walker.browser.cookies.jar if portal in cookie.name}


def at_each(copies: PortalCopies, walker: Person, portal: str, path: str = "/me") -> list[httpx.Response]:
    """Ask every copy of the portal for a page, as the person's browser would."""
    return [copies.ask(port, path, cookies=cookies_for(walker, portal)) for port in copies.ports[portal]]


def renewals(copies: PortalCopies, portal: str) -> int:
    """Return how many requests to the token endpoint succeeded, of all copies together."""
    told = [
        copies.ask(port, "/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"}).text
        for port in copies.ports[portal]
    ]
    line = re.compile(r'^manyou_provider_call_seconds_count\{endpoint="token",status="2xx"\} (\S+)$', re.MULTILINE)
    return sum(int(float(number)) for text in told for number in line.findall(text))


def until_served(copies: PortalCopies, port: int, cookies: dict[str, str]) -> httpx.Response:
    """Ask for /inspect, and again where a machine with too much to do says so (a wait of 2 s for a connection)."""
    for _ in range(MOST_TRIES):
        answer = copies.ask(port, "/inspect", cookies=cookies)
        if answer.status_code != 503:
            break
        assert answer.headers["retry-after"]
    return answer


def test_roams_and_log_outs_of_which_every_request_goes_to_either(copies_of_all: PortalCopies) -> None:
    copies = copies_of_all
    for ports in copies.ports.values():
        assert len({copies.ask(port, "/jwks").text for port in ports}) == 1
    for username in ("li.beijing", "chen.xiongan"):
        roam_and_log_out(copies, username)
    assert copies.asked == {portal: set(ports) for portal, ports in copies.ports.items()}


def roam_and_log_out(copies: PortalCopies, username: str) -> None:
    region = copies.region
    with copies.person(username) as walker:
        names = walker.roam(region.portal_names)
        assert len(set(names)) == 1
        for portal in region.portal_names:
            for path in ("/", "/inspect", "/me"):
                walker.at(portal, path)
                assert walker.page.status_code == 200
            assert [answer.status_code for answer in at_each(copies, walker, portal)] == [200, 200]
        # The form comes from one, and goes to either: its CSRF token is of a secret that both have.
        walker.log_out("beijing")
        assert walker.page.url.host == "beijing.localhost"
        # Each logout token came to one copy; the other knows no less.
        for portal in region.portal_names:
            assert eventually(lambda portal=portal: not walker.is_signed_in(portal))
            assert [answer.status_code for answer in at_each(copies, walker, portal)] == [303, 303]


def test_a_visit_is_counted_once_whichever_copy_it_is_at(copies: PortalCopies) -> None:
    for visit in range(1, 4):
        with copies.person("zhang.hebei") as walker:
            walker.visit("hebei")
            pages = [answer.text for answer in at_each(copies, walker, "hebei")]
            assert {re.findall(r'class="number">([0-9]+)<', page)[-1] for page in pages} == {str(visit)}


def test_many_requests_with_a_token_that_is_over_renew_it_once_rfc9700_4_14_2(
    copies: PortalCopies, write: Write
) -> None:
    with copies.person() as walker:
        walker.visit("beijing")
        old = walker.tokens("beijing")
        before = renewals(copies, "beijing")
        write("beijing", "UPDATE sessions SET access_ends_at = 0")
        ports, cookies = copies.ports["beijing"], cookies_for(walker, "beijing")
        with ThreadPoolExecutor(TABS) as pool:
            asked = [pool.submit(until_served, copies, ports[n % 2], cookies) for n in range(TABS)]
            pages = [one.result() for one in asked]
        assert {page.status_code for page in pages} == {200}
        assert len({Seen(page.text).texts["access-token"] for page in pages}) == 1
        assert Seen(pages[0].text).texts["access-token"] != old[1]
        assert renewals(copies, "beijing") == before + 1
        # And the family lives.
        write("beijing", "UPDATE sessions SET access_ends_at = 0")
        assert walker.tokens("beijing")[1] != Seen(pages[0].text).texts["access-token"]


def test_a_process_that_died_over_a_renewal_holds_it_up_for_a_bounded_time(copies: PortalCopies, write: Write) -> None:
    with copies.person() as walker:
        walker.visit("hebei")
        old = walker.tokens("hebei")
        write(
            "hebei",
            f"UPDATE sessions SET access_ends_at = 0, renewing_by = 'the dead', renewing_until = {time() + 2}",
        )
        new = walker.tokens("hebei")
        assert new[1] != old[1]


def test_a_proof_that_one_copy_took_is_taken_by_no_other_rfc9449_11_1(copies: PortalCopies) -> None:
    region = copies.region
    with copies.person() as walker:
        walker.visit("hebei")
        token = walker.tokens("hebei")[1]
        key = load_key(region.var / "portals" / "hebei" / DPOP_KEY)
        url = f"{region.address('hebei')}/api/whoami"
        for _ in range(4):
            proof = make_proof(key, method="GET", url=url, now=time(), access_token=token)
            headers = {"authorization": f"DPoP {token}", "dpop": proof}
            with ThreadPoolExecutor(8) as pool:
                ports = copies.ports["hebei"] * 4
                ask = partial(copies.ask, path="/api/whoami", headers=headers)
                answers = [*pool.map(ask, ports)]
            assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]


def test_what_a_killed_copy_acknowledged_is_known_to_the_one_that_is_left(two_of_beijing: PortalCopies) -> None:
    copies = two_of_beijing
    with copies.person() as walker, copies.person("zhang.hebei") as under_way:
        # The one is signed in, the other stands before the log-in page, with all of it done at the copy that goes.
        gone, left = copies.ports["beijing"]
        copies.ports["beijing"] = [gone]
        walker.visit("beijing")
        under_way.at("beijing")
        assert under_way.asked_for_password()
        copies.ports["beijing"] = [gone, left]
        copies.kill("beijing", gone)
        assert walker.is_signed_in("beijing")
        under_way.log_in()
        assert under_way.page.url == f"{copies.region.address('beijing')}/me"
        assert under_way.read("person-name")
        walker.log_out_everywhere()
        assert eventually(lambda: not walker.is_signed_in("beijing"))
        assert under_way.is_signed_in("beijing")
        # It comes back as what it was.
        copies.start("beijing", gone)
        copies.ports["beijing"].append(gone)
        copies.wait(gone)
        assert [answer.status_code for answer in at_each(copies, walker, "beijing")] == [303, 303]
        assert [answer.status_code for answer in at_each(copies, under_way, "beijing")] == [200, 200]
