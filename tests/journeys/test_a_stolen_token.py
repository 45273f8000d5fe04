"""Somebody steals tokens, codes and proofs: without the portal's key none of it opens anything, at any portal."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from lab.region import RegionThread
from tests.journeys.as_portal import as_portal, parts_of, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.test_wrong_tokens import PORTALS, verdict_of
from tests.person import Person
from web.dpop import make_proof

THIEF = ECKey.generate_key("P-256")


def steal(victim: Person, portal: str) -> str:
    """Return the access token of the victim's session, from what the portal keeps on its disk."""
    connection = parts_of(victim.region, portal).database.connection
    row = connection.execute("SELECT access_token FROM sessions ORDER BY created_at DESC LIMIT 1").fetchone()
    return str(row["access_token"])


def present(thief: Person, service: str, path: str, scheme: str, token: str, proofs: Sequence[str]) -> httpx.Response:
    """Send what was stolen."""
    headers: Any = [("authorization", f"{scheme} {token}"), *(("dpop", proof) for proof in proofs)]
    return thief.at(service, path, headers=headers)


def proof_by(key: ECKey, region: RegionThread, service: str, path: str, token: str, method: str = "GET") -> str:
    """Return a proof for a request to that service."""
    url = region.address(service) + path
    return make_proof(key, method=method, url=url, now=time(), access_token=token)


@pytest.mark.parametrize("robbed", PORTALS)
def test_a_stolen_access_token_is_refused_at_every_portal(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture, robbed: str
) -> None:
    caplog.set_level(logging.WARNING, "portals")
    victim, thief = person(region), person(region)
    victim.visit(robbed)
    token = steal(victim, robbed)
    assert token == victim.tokens(robbed)[1]
    key = parts_of(region, robbed).dpop_key
    assert whoami(victim, robbed, token).status_code == 200
    # What the thief overheard: a proof that the portal has just used, and ones that it made for other requests.
    overheard = proof_by(key, region, robbed, "/api/whoami", token)
    assert present(victim, robbed, "/api/whoami", "DPoP", token, [overheard]).status_code == 200
    elsewhere = proof_by(key, region, "idp", "/userinfo", token)
    posted = proof_by(key, region, robbed, "/api/whoami", token, "POST")
    without_token = make_proof(key, method="GET", url=f"{region.address(robbed)}/api/whoami", now=time())
    for portal in PORTALS:
        own = proof_by(THIEF, region, portal, "/api/whoami", token)
        attempts = [
            ("Bearer", [], "proof.missing"),
            ("Bearer", [own], "proof.missing"),
            ("DPoP", [], "proof.missing"),
            ("DPoP", [own], "proof.key.other"),
            ("DPoP", [overheard], "proof.jti.replayed"),
            ("DPoP", [elsewhere], "proof.htu"),
            ("DPoP", [posted], "proof.htm"),
            ("DPoP", [without_token], "proof.ath"),
            ("DPoP", [overheard, own], "proof.repeated"),
        ]
        for scheme, proofs, code in attempts:
            answer = present(thief, portal, "/api/whoami", scheme, token, proofs)
            assert answer.status_code == 401
            assert set(answer.json()) == {"error", "incident"}
            at_home = portal == robbed or scheme == "Bearer"
            assert verdict_of(caplog, portal, answer) == (code if at_home else "token.aud.other_portal")


def test_a_stolen_access_token_opens_nothing_at_the_provider(region: RegionThread, person: PersonFactory) -> None:
    victim, thief = person(region), person(region)
    victim.visit("tianjin")
    token = steal(victim, "tianjin")
    nonce = present(thief, "idp", "/userinfo", "DPoP", token, [proof_by(THIEF, region, "idp", "/userinfo", token)])
    url = f"{region.issuer}/userinfo"
    own = make_proof(THIEF, method="GET", url=url, now=time(), access_token=token, nonce=nonce.headers["dpop-nonce"])
    answers = [present(thief, "idp", "/userinfo", *sent) for sent in (("Bearer", token, []), ("DPoP", token, [own]))]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(401, "invalid_token")] * 2


def test_a_stolen_code_is_of_no_use_with_another_key_even_to_whoever_has_all_the_rest_rfc9449_10(
    region: RegionThread, person: PersonFactory
) -> None:
    victim = person(region)
    victim.visit("beijing")
    portal = as_portal(victim, "hebei", time)
    # The portal's own log-in, stopped in the browser; what the portal alone knows is taken from its disk.
    answer = victim.at("hebei", "/login?target_link_uri=/me", until=portal.redirect_uri)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    row = parts_of(region, "hebei").database.connection.execute(
        "SELECT code_verifier FROM flows WHERE state = ?", (back["state"][0],)
    )
    redemption = {
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "redirect_uri": portal.redirect_uri,
        "code_verifier": row.fetchone()["code_verifier"],
    }
    stolen = replace(portal, dpop_key=THIEF).call("/token", redemption)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    victim.go(answer.headers["location"])
    assert victim.page.url == f"{region.address('hebei')}/me"
    assert victim.read("person-name") == "李明"
