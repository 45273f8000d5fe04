"""Debian's Apache as a portal of the region: nothing in mod_auth_openidc was written for us, nor here for it."""

from __future__ import annotations

from collections.abc import Iterator

import jwt as pyjwt
import pytest

from idp.settings import REPOSITORY
from lab.region import RegionThread
from tests.clients.apache import Apache
from tests.journeys.eventually import eventually
from tests.person import Person
from tests.portal_client import Registration
from web.addresses import read_portal_file
from web.tls import LocalAuthority

CLIENT_ID = "apache"
BEIJING = REPOSITORY / "portals" / "beijing"


def registration() -> Registration:
    """Return what the operator writes into apache/portal.toml, as for any portal; the key is the module's."""
    return Registration.make(
        CLIENT_ID,
        0,
        alg="RS256",
        jwks=None,
        jwks_uri="{address}/callback?jwks=rsa",
        client_uri="{address}/me.shtml",
        redirect_uris=["{address}/callback"],
        post_logout_redirect_uris=["{address}/bye.html"],
        initiate_login_uri="{address}/callback",
        backchannel_logout_uri="{address}/callback?logout=backchannel",
        scope="openid profile real_name",
        resources=["{address}/api"],
    )


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    """The provider, Beijing, and one more client that is no service of ours, over https."""
    place = tmp_path_factory.mktemp("region")
    registration().write(place)
    tls = {"tls": True, "var": place / "var"}
    with RegionThread(
        place / "var",
        idp_values={**tls, "portals": f"{BEIJING}:{place / CLIENT_ID}"},
        portal_values={**tls, "portals": str(BEIJING)},
    ) as running:
        yield running


@pytest.fixture(scope="module")
def apache(region: RegionThread) -> Iterator[Apache]:
    portal = read_portal_file(region.var.parent / CLIENT_ID, int(region.issuer.rpartition(":")[2]), "https")
    with Apache(registration(), portal.address, region.issuer, LocalAuthority(region.var / "tls")) as running:
        yield running
        assert "auth_openidc:error" not in running.log


@pytest.fixture
def walker(region: RegionThread) -> Iterator[Person]:
    """Somebody who has just logged in at Beijing."""
    with Person(region, "li.beijing") as walking:
        walking.visit("beijing")
        assert walking.asked_for_password() is False
        yield walking


def is_signed_in(walker: Person, apache: Apache) -> bool:
    """Tell whether Apache shows its page to this browser, asking nobody else."""
    answer = walker.browser.get(f"{apache.address}/me.shtml")
    assert answer.status_code in (200, 302), f"{answer.status_code}: {answer.text}{apache.log}"
    return answer.status_code == 200


def test_a_person_roams_to_apache_and_is_known_there_under_another_name(walker: Person, apache: Apache) -> None:
    assert not is_signed_in(walker, apache)
    at_beijing = pyjwt.decode(walker.tokens("beijing")[0], options={"verify_signature": False})
    walker.go(f"{apache.address}/me.shtml")
    assert str(walker.page.url) == f"{apache.address}/me.shtml", walker.page.text + apache.log
    assert walker.read("person-name") == "李明"
    assert walker.read("issuer") == walker.region.issuer
    assert walker.read("subject") not in ("", "(none)", at_beijing["sub"])


def test_the_zone_leads_to_apache_by_a_log_in_that_others_start_core_4(walker: Person, apache: Apache) -> None:
    walker.at("idp", "/")
    walker.follow("portal-apache")
    assert str(walker.page.url) == f"{apache.address}/me.shtml", walker.page.text + apache.log
    assert walker.read("person-name") == "李明"


def test_logging_out_at_the_provider_ends_the_session_at_apache_back_channel_2_5(
    walker: Person, apache: Apache
) -> None:
    walker.go(f"{apache.address}/me.shtml")
    assert is_signed_in(walker, apache)
    walker.log_out_everywhere()
    assert eventually(lambda: not is_signed_in(walker, apache)), apache.log


def test_logging_out_at_apache_ends_the_session_everywhere_rp_initiated_2(walker: Person, apache: Apache) -> None:
    walker.go(f"{apache.address}/me.shtml")
    walker.go(f"{apache.address}/callback", params={"logout": f"{apache.address}/bye.html"})
    assert str(walker.page.url) == f"{apache.address}/bye.html", walker.page.text + apache.log
    assert not is_signed_in(walker, apache)
    assert eventually(lambda: not walker.is_signed_in("beijing"))
