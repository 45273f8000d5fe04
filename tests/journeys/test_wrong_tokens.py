"""Every wrong token, signed by the provider's own key, is refused by every running portal with exactly its code."""

from __future__ import annotations

import logging
import re
from time import time

import httpx
import pytest

from lab.region import RegionThread
from tests.journeys.as_portal import as_portal, parts_of, tokens, userinfo, whoami
from tests.journeys.conftest import PersonFactory
from tests.person import Person
from tests.portals.verdicts.signer import Facts, Signer, good_token
from tests.portals.verdicts.tokens import WrongToken, wrong_access_tokens

PORTALS = ("beijing", "tianjin", "hebei", "xiongan")
INCIDENT = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


def provider_key(region: RegionThread) -> Signer:
    """Return the key that the running provider signs access tokens with."""
    key = region.app("idp").state.parts.keys.signing("ES256")
    return Signer(key.private_key, key.kid)


def facts(region: RegionThread, portal: str, ended_sid: str | None = None) -> Facts:
    """Return what is true of a visit at `portal` now."""
    other = PORTALS[(PORTALS.index(portal) + 1) % 4]
    return Facts(
        issuer=region.issuer,
        audience=f"{region.address(portal)}/api",
        client_id=portal,
        sid="session-0123456789abcdef",
        now=int(time()),
        other_audience=f"{region.address(other)}/api",
        other_client_id=other,
        ended_sid=ended_sid,
        jkt=parts_of(region, portal).dpop_key.thumbprint(),
    )


CHALLENGE = 'DPoP realm="manyou", algs="ES256 PS256 EdDSA Ed25519"'


def verdict_of(caplog: pytest.LogCaptureFixture, portal: str, answer: httpx.Response) -> str:
    """Return the code that the portal's log has under the incident number of `answer`."""
    number = answer.json()["incident"]
    assert INCIDENT.fullmatch(number)
    [line] = [one.getMessage() for one in caplog.records if f"incident='{number}'" in one.getMessage()]
    assert f"portal={portal} " in line
    found = re.search(r"verdict='?([a-z0-9_.]+)", line)
    return found[1] if found else ""


def assert_tells_nothing(answer: httpx.Response, wrong: WrongToken) -> None:
    """Hold a refusal against RFC 6750 3.1: a code, a challenge, an incident number, and not a word more."""
    body = answer.json()
    assert set(body) == {"error", "incident"}, wrong.name
    assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="{body["error"]}"', wrong.name
    assert answer.headers["cache-control"] == "no-store"
    assert "token." not in answer.text


@pytest.mark.parametrize("portal", PORTALS)
def test_every_wrong_token_is_refused_with_its_code(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture, portal: str
) -> None:
    caplog.set_level(logging.WARNING, "portals")
    caller = person(region)
    caller.visit(portal)
    _, access_token = caller.tokens(portal)
    ended = tokens_sid(caller, portal)
    caller.log_out(portal)
    signer = provider_key(region)
    wrong = wrong_access_tokens(signer, facts(region, portal, ended))
    wrong.append(WrongToken("of a session that has ended", access_token, "token.sid.ended"))
    refused: dict[str, str] = {}
    for one in wrong:
        if one.token.split() != [one.token]:
            continue  # empty, or white space in it: no field of HTTP carries that (RFC 9110 5.5)
        answer = whoami(caller, portal, one.token)
        assert_tells_nothing(answer, one)
        if one.bearer:
            assert (one.name, answer.status_code, answer.json()["error"]) == (one.name, 401, "invalid_token")
            refused[one.name] = verdict_of(caplog, portal, answer)
        else:
            assert (one.name, answer.status_code, answer.json()["error"]) == (one.name, 400, "invalid_request")
    assert refused == {one.name: one.code for one in wrong if one.bearer}
    assert len(set(refused.values())) > 30


def tokens_sid(caller: Person, portal: str) -> str:
    """Return the `sid` that the person's session has at this portal, as /inspect shows it."""
    found = re.search(r"<dt[^>]*>sid</dt><dd[^>]*>(?:&#34;|\")([A-Za-z0-9_-]+)", caller.page.text)
    assert found, "no sid on /inspect"
    return found[1]


def test_the_right_token_is_accepted_at_its_portal_and_at_no_other(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "portals")
    walker = person(region)
    for home in PORTALS:
        walker.visit(home)
        _, access_token = walker.tokens(home)
        for portal in PORTALS:
            answer = whoami(walker, portal, access_token)
            if portal == home:
                assert (answer.status_code, answer.json()["portal"]) == (200, home)
            else:
                assert answer.status_code == 401
                assert verdict_of(caplog, portal, answer) == "token.aud.other_portal"


def test_a_token_that_was_asked_for_without_resource_is_refused_by_every_portal(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "portals")
    walker = person(region)
    walker.visit("beijing")
    answer = tokens(walker, as_portal(walker, "beijing", time), resource=None)
    for portal in PORTALS:
        refusal = whoami(walker, portal, answer.access_token)
        assert refusal.status_code == 401
        assert verdict_of(caplog, portal, refusal) == "token.aud.issuer_only"
    assert userinfo(walker, "beijing", answer.access_token).status_code == 200


def test_id_tokens_and_logout_tokens_are_no_access_tokens(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "portals")
    walker = person(region)
    walker.visit("tianjin")
    id_token, _ = walker.tokens("tianjin")
    logout_token = good_token("logout_token", provider_key(region), facts(region, "tianjin"))
    for token in (id_token, logout_token):
        answer = whoami(walker, "tianjin", token)
        assert answer.status_code == 401
        assert verdict_of(caplog, "tianjin", answer) == "token.typ.other_use"


def test_the_good_token_of_the_workshop_is_accepted(region: RegionThread, person: PersonFactory) -> None:
    """So the wrong ones are wrong in the one way that they say, alone."""
    for portal in PORTALS:
        token = good_token("access_token", provider_key(region), facts(region, portal))
        assert whoami(person(region), portal, token).status_code == 200


def test_without_a_token_there_is_a_challenge_and_no_error(region: RegionThread, person: PersonFactory) -> None:
    caller = person(region)
    for portal in PORTALS:
        for headers in ({}, {"authorization": "Basic bGk6bWFueW91"}):
            answer = caller.at(portal, "/api/whoami", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == CHALLENGE
        answer = caller.at(portal, "/api/whoami", headers={"authorization": "DPoP"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
