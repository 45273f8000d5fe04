"""/api/whoami: who may ask, and what the others are told (RFC 9449 7, RFC 6750 3)."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from starlette.responses import Response

from portals.judging import NOTHING
from portals.stores import proofs
from portals.stores.endings import Known
from tests.portals.conftest import BEIJING, Running
from tests.portals.verdicts.proofs import ProofMaker, wrong_proofs
from tests.portals.verdicts.signer import Facts, Signer
from tests.portals.verdicts.tokens import wrong_access_tokens
from tests.web.dpop_signer import OTHER_KEY

WHOAMI = f"{BEIJING}/api/whoami"
CHALLENGE = 'DPoP realm="manyou", algs="ES256 PS256 EdDSA Ed25519"'


def sender(portal: Running, token: str, key: ECKey | None = None) -> ProofMaker:
    """Return who has the token and, unless another is named, its key."""
    return ProofMaker(token, WHOAMI, portal.clock(), key or portal.parts.dpop_key)


async def ask(portal: Running, token: str, **changes: Any) -> httpx.Response:
    """Send the token with a good proof that has not come before, or one with changes."""
    changes.setdefault("jti", f"jti-{next(COUNT)}")
    return await present(portal, token, sender(portal, token).proof(**changes))


async def present(portal: Running, token: str, *sent: str, scheme: str = "DPoP") -> httpx.Response:
    """Send the token with these proofs."""
    headers = [(b"authorization", f"{scheme} {token}".encode()), *((b"dpop", one.encode()) for one in sent)]
    return await portal.http.get("/api/whoami", headers=headers)


COUNT = itertools.count()


def good(portal: Running, **changes: Any) -> str:
    """Return a good token that is bound to the portal's key."""
    bound = {"cnf": {"jkt": portal.parts.dpop_key.thumbprint()}}
    return portal.provider.access_token(f"{BEIJING}/api", **{**bound, **changes})


def logged(caplog: pytest.LogCaptureFixture, answer: httpx.Response) -> str:
    """Return the line of the log that has the incident of `answer`."""
    return next(line for line in caplog.messages if answer.json()["incident"] in line)


async def test_a_token_for_this_portal_is_told_what_it_says(portal: Running) -> None:
    answer = await ask(portal, good(portal))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["sub"] == portal.provider.person["sub"]
    assert (told["portal"], told["region"], told["level"], told["client_id"]) == ("beijing", "110000", 3, "beijing")
    assert told["scope"] == "openid profile real_name"


async def test_the_scheme_is_case_insensitive(portal: Running) -> None:
    token = good(portal)
    assert (await present(portal, token, sender(portal, token).proof(), scheme="dPoP")).status_code == 200


async def test_a_token_that_came_as_bearer_is_refused_whatever_comes_beside_it_rfc9449_7_2(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    token = good(portal)
    for sent in ((), (sender(portal, token).proof(),)):
        answer = await present(portal, token, *sent, scheme="Bearer")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_token"'
        assert "verdict='proof.missing'" in logged(caplog, answer)


async def test_each_wrong_proof_is_refused_with_its_code_in_the_log_and_nowhere_else_rfc9449_7_1(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    token = good(portal)
    for wrong in wrong_proofs(sender(portal, token)):
        answer = await present(portal, token, *wrong.headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof"), wrong.name
        assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_dpop_proof"'
        assert f"verdict='{wrong.code}'" in logged(caplog, answer), wrong.name
        assert wrong.code not in answer.text + str(answer.headers)


async def test_a_thief_with_a_key_of_its_own_is_refused_rfc9449_7_1(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    token = good(portal)
    answer = await present(portal, token, sender(portal, token, OTHER_KEY).proof())
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert "verdict='proof.key.other'" in logged(caplog, answer)


async def test_a_proof_is_good_once_rfc9449_11_1(portal: Running, caplog: pytest.LogCaptureFixture) -> None:
    token = good(portal)
    proof = sender(portal, token).proof()
    assert (await present(portal, token, proof)).status_code == 200
    for _ in range(2):
        answer = await present(portal, token, proof)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")
        assert "verdict='proof.jti.replayed'" in logged(caplog, answer)


async def _nothing(*asked: object) -> Known:
    return NOTHING


async def test_of_many_uses_of_a_proof_at_once_one_succeeds(portal: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal.parts.endings, "known", _nothing)
    token = good(portal)
    proof = sender(portal, token).proof()
    answers = await asyncio.gather(*(present(portal, token, proof) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


async def test_a_proof_beside_a_token_that_is_refused_uses_up_nothing(portal: Running) -> None:
    await ask(portal, good(portal, exp=int(portal.clock()) - 60))
    await present(portal, good(portal), sender(portal, good(portal), OTHER_KEY).proof())
    assert kept(portal) == 0


def kept(portal: Running) -> int:
    """Return how many proofs the portal remembers."""
    return int(portal.parts.database.connection.execute("SELECT count(*) FROM proofs").fetchone()[0])


async def test_proofs_are_forgotten_when_they_are_over_anyway(portal: Running) -> None:
    for _ in range(3):
        await ask(portal, good(portal))
    assert kept(portal) == 3
    portal.clock.advance(91)
    await ask(portal, good(portal))
    assert kept(portal) == 1


async def test_where_no_more_proofs_can_be_kept_none_is_taken_until_some_are_over(
    portal: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "MOST", 2)
    assert [(await ask(portal, good(portal))).status_code for _ in range(3)] == [200, 200, 503]
    portal.clock.advance(91)
    assert (await ask(portal, good(portal))).status_code == 200


async def test_the_address_is_the_registered_one_whatever_host_says_rfc9449_4_3(portal: Running) -> None:
    token = good(portal)
    proof = sender(portal, token).proof(htu="http://shop.localhost:8001/api/whoami")
    headers = {"authorization": f"DPoP {token}", "dpop": proof, "host": "shop.localhost:8001"}
    answer = await portal.http.get("/api/whoami", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic YTpi"}, {"authorization": ""}])
async def test_no_token_is_answered_without_an_error_code(portal: Running, headers: dict[str, str]) -> None:
    answer = await portal.http.get("/api/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize("credentials", ["DPoP", "DPoP ", "DPoP a b", "DPoP ü", 'DPoP "a"', "DPoP a,b"])
async def test_a_malformed_header_is_invalid_request(portal: Running, credentials: str) -> None:
    answer = await portal.http.get("/api/whoami", headers=[(b"authorization", credentials.encode("latin-1"))])
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


async def test_a_token_in_the_query_or_two_headers_are_invalid_request(portal: Running) -> None:
    token = good(portal)
    answer = await portal.http.get(f"/api/whoami?access_token={token}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    twice = [("authorization", f"DPoP {token}"), ("authorization", f"DPoP {token}")]
    assert (await portal.http.get("/api/whoami", headers=twice)).status_code == 400


async def test_every_wrong_token_is_refused_with_its_code_in_the_log_and_nowhere_else(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    ended = portal.provider.logout_token(sid="ended-session-0123456789")
    await portal.http.post("/backchannel-logout", data={"logout_token": ended})
    facts = Facts(
        issuer=portal.provider.issuer, audience=f"{BEIJING}/api", client_id="beijing", sid=portal.provider.sid,
        now=int(portal.clock()), ended_sid="ended-session-0123456789", jkt=portal.parts.dpop_key.thumbprint(),
    )  # fmt: skip
    tried = 0
    for wrong in wrong_access_tokens(portal.provider.signer, facts):
        caplog.clear()
        answer = await ask(portal, wrong.token)
        assert answer.status_code == (401 if wrong.bearer else 400), wrong.name
        assert wrong.code not in answer.text + str(answer.headers)
        if wrong.bearer:
            assert f"verdict='{wrong.code}'" in logged(caplog, answer), wrong.name
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
