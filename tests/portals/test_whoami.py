"""/api/whoami: who may ask, and what the others are told (RFC 6750 3)."""

from __future__ import annotations

import logging

import httpx
import pytest
from starlette.responses import Response

from tests.portals.conftest import BEIJING, Running
from tests.portals.verdicts.signer import Facts, Signer
from tests.portals.verdicts.tokens import wrong_access_tokens


async def ask(portal: Running, token: str) -> httpx.Response:
    return await portal.http.get("/api/whoami", headers={"authorization": f"Bearer {token}"})


def good(portal: Running) -> str:
    return portal.provider.access_token(f"{BEIJING}/api")


async def test_a_token_for_this_portal_is_told_what_it_says(portal: Running) -> None:
    answer = await ask(portal, good(portal))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["sub"] == portal.provider.person["sub"]
    assert (told["portal"], told["region"], told["level"], told["client_id"]) == ("beijing", "110000", 3, "beijing")
    assert told["scope"] == "openid profile real_name"


async def test_the_scheme_is_case_insensitive(portal: Running) -> None:
    answer = await portal.http.get("/api/whoami", headers={"authorization": f"bEARER {good(portal)}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic YTpi"}, {"authorization": ""}])
async def test_no_token_is_answered_without_an_error_code(portal: Running, headers: dict[str, str]) -> None:
    answer = await portal.http.get("/api/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="manyou"'


@pytest.mark.parametrize("credentials", ["Bearer", "Bearer ", "Bearer a b", "Bearer ü", 'Bearer "a"', "Bearer a,b"])
async def test_a_malformed_header_is_invalid_request(portal: Running, credentials: str) -> None:
    answer = await portal.http.get("/api/whoami", headers=[(b"authorization", credentials.encode("latin-1"))])
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


async def test_a_token_in_the_query_or_two_headers_are_invalid_request(portal: Running) -> None:
    token = good(portal)
    answer = await portal.http.get(f"/api/whoami?access_token={token}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert (await portal.http.get("/api/whoami", headers=twice)).status_code == 400


async def test_every_wrong_token_is_refused_with_its_code_in_the_log_and_nowhere_else(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    ended = portal.provider.logout_token(sid="ended-session-0123456789")
    await portal.http.post("/backchannel-logout", data={"logout_token": ended})
    facts = Facts(
        issuer=portal.provider.issuer, audience=f"{BEIJING}/api", client_id="beijing", sid=portal.provider.sid,
        now=int(portal.clock()), ended_sid="ended-session-0123456789",
    )  # fmt: skip
    tried = 0
    for wrong in wrong_access_tokens(portal.provider.signer, facts):
        caplog.clear()
        answer = await portal.http.get("/api/whoami", headers=[(b"authorization", f"Bearer {wrong.token}".encode())])
        assert answer.status_code == (401 if wrong.bearer else 400), wrong.name
        assert wrong.code not in answer.text + str(answer.headers)
        if wrong.bearer:
            line = next(record.message for record in caplog.records if answer.json()["incident"] in record.message)
            assert f"verdict='{wrong.code}'" in line, wrong.name
            tried += 1
    assert tried >= 25


async def test_a_session_that_ended_takes_its_tokens_along(portal: Running) -> None:
    token = good(portal)
    assert (await ask(portal, token)).status_code == 200
    await portal.http.post("/backchannel-logout", data={"logout_token": portal.provider.logout_token()})
    assert (await ask(portal, token)).status_code == 401


async def test_a_token_of_a_new_key_is_accepted(portal: Running) -> None:
    await ask(portal, good(portal))
    portal.provider.signer = Signer.new("key-2")
    portal.provider.signers.append(portal.provider.signer)
    assert (await ask(portal, good(portal))).status_code == 200


async def test_without_keys_it_says_to_come_back(portal: Running, caplog: pytest.LogCaptureFixture) -> None:
    portal.provider.failing["/.well-known/openid-configuration"] = Response("busy", 500)
    with caplog.at_level(logging.WARNING, "portals"):
        answer = await ask(portal, good(portal))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["incident"] in caplog.text


async def test_keys_are_kept_for_an_hour_while_the_provider_is_down_and_no_longer(portal: Running) -> None:
    await ask(portal, good(portal))
    portal.provider.stop()
    portal.clock.advance(3700)
    assert (await ask(portal, good(portal))).status_code == 200
    portal.clock.advance(3600)
    assert (await ask(portal, good(portal))).status_code == 503
