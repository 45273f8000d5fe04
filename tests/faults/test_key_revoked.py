"""A signing key that got into other hands: `manyou keys revoke` ends trust in it everywhere within a known time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from idp.oauth.access_token import ALG
from lab.region import RegionThread
from tests.faults.off_clock import manyou
from tests.faults.roaming import claims
from tests.journeys.as_portal import as_portal, userinfo, whoami
from tests.journeys.eventually import eventually
from tests.person import Person
from web.clock import SettableClock
from web.dpop import thumbprint

JWKS_SECONDS = 60
"""What /jwks says about how long it may be kept."""
THIEF = ECKey.generate_key("P-256")


class Stolen:
    """A region whose current ES256 key has been stolen, and somebody signed in who has nothing to do with it."""

    def __init__(self, region: RegionThread, clock: SettableClock) -> None:
        self.region = region
        self.clock = clock
        self.person = Person(region)
        self.person.roam(["beijing", "tianjin"])
        self.key = self.ring.signing(ALG)
        self.kid = str(self.key.kid)
        self.honest = self.person.tokens("beijing")

    @property
    def ring(self) -> Any:
        """The running provider's keys."""
        return self.region.app("idp").state.parts.keys

    def forged(self) -> str:
        """Return a token that the provider never issued, bound to a key of the thief's."""
        of = {**claims(self.honest[1]), "cnf": {"jkt": thumbprint(THIEF.as_dict(private=False))}}
        return jwt.encode({"alg": ALG, "typ": "at+jwt", "kid": self.kid}, of, self.key, algorithms=[ALG])

    def published(self) -> list[str]:
        """Return the kids that the provider publishes."""
        return [key["kid"] for key in self.person.at("idp", "/jwks").json()["keys"]]

    def revoke(self, kid: str) -> None:
        """Revoke a key by command, and wait until the running provider has noticed."""
        done = manyou(0, "keys", "revoke", kid, MANYOU_VAR=str(self.region.var))
        assert done.returncode == 0, done.stderr
        assert kid not in done.stdout
        assert eventually(lambda: self.ring.verifying(kid) is None)


@pytest.fixture(scope="module")
def clock() -> SettableClock:
    return SettableClock(time.time())


@pytest.fixture(scope="module")
def region(clock: SettableClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    with RegionThread(tmp_path_factory.mktemp("revoked") / "var", clock=clock) as running:
        yield running


@pytest.fixture
def stolen(region: RegionThread, clock: SettableClock) -> Iterator[Stolen]:
    # What portals knew of the keys in the test before is as old as it may be.
    clock.advance(JWKS_SECONDS + 1)
    made = Stolen(region, clock)
    with made.person:
        yield made


def test_a_revoked_key_is_gone_from_the_provider_at_once_and_from_portals_within_a_minute(
    stolen: Stolen, caplog: pytest.LogCaptureFixture
) -> None:
    forged, person, clock = stolen.forged(), stolen.person, stolen.clock
    [current, upcoming] = [kid for kid in stolen.published() if kid.startswith("es256")]
    assert current == stolen.kid
    assert whoami(person, "beijing", forged, key=THIEF, clock=clock).status_code == 200
    stolen.revoke(current)

    # At once: not published, its tokens and hints worth nothing, honest ones included, and a successor signs.
    assert current not in stolen.published()
    assert stolen.ring.signing(ALG).kid == upcoming
    assert len([kid for kid in stolen.published() if kid.startswith("es256")]) == 2
    beijing = as_portal(person, "beijing", clock)
    for token in (forged, stolen.honest[1]):
        assert beijing.introspect(token).json() == {"active": False}
    assert userinfo(person, "beijing", stolen.honest[1], clock).status_code == 401

    # Within the minute for which a portal may keep the keys that it has read.
    clock.advance(JWKS_SECONDS + 1)
    answer = whoami(person, "beijing", forged, key=THIEF, clock=clock)
    assert answer.status_code == 401
    assert "verdict='token.kid.unknown'" in caplog.text
    # Everybody else goes on: sessions live, tokens are renewed with the successor, roams are made without a page.
    clock.advance(300 - JWKS_SECONDS)
    assert person.is_signed_in("beijing")
    renewed = person.tokens("beijing")
    assert claims(f".{renewed[0]}")["kid"] == claims(f".{renewed[1]}")["kid"] == upcoming
    assert whoami(person, "beijing", renewed[1], clock=clock).status_code == 200
    assert person.roam(["hebei", "xiongan"]) == ["李明", "李明"]


def test_who_logs_out_with_a_hint_of_a_revoked_key_is_asked_and_not_simply_believed(stolen: Stolen) -> None:
    stolen.revoke(stolen.kid)
    stolen.person.at("tianjin", "/logout")
    stolen.person.press("logout-yes")
    assert stolen.person.page.url.path == "/end_session"
    assert stolen.person.page.status_code == 200
    stolen.person.press("logout-yes")
    assert eventually(lambda: not stolen.person.is_signed_in("beijing"))


def test_a_revoked_next_key_never_signs_and_what_was_revoked_is_on_record(stolen: Stolen) -> None:
    [current, upcoming] = [kid for kid in stolen.published() if kid.startswith("es256")]
    stolen.revoke(upcoming)
    assert stolen.ring.signing(ALG).kid == current
    assert upcoming not in stolen.published()
    assert whoami(stolen.person, "beijing", stolen.honest[1], clock=stolen.clock).status_code == 200
    assert upcoming in manyou(0, "audit", "--event", "key.revoked", MANYOU_VAR=str(stolen.region.var)).stdout
    again = manyou(0, "keys", "revoke", upcoming, MANYOU_VAR=str(stolen.region.var))
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
    assert upcoming in again.stderr
