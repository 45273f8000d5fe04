"""/api/items/{code}: a token that is not enough is told what is missing (RFC 9470 3, RFC 6750 3.1)."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from portals.levels import acr
from tests.portals.conftest import BEIJING, Running
from tests.portals.verdicts.proofs import ProofMaker

BASE = 'DPoP realm="manyou", algs="ES256 PS256 EdDSA Ed25519"'
COUNT = itertools.count()


async def ask(portal: Running, code: str, path: str | None = None, **claims: Any) -> httpx.Response:
    """Ask for an item with a token of these claims, and a proof for `path`, by itself that of the item."""
    bound = {"cnf": {"jkt": portal.parts.dpop_key.thumbprint()}}
    token = portal.provider.access_token(f"{BEIJING}/api", **{**bound, **claims})
    url = BEIJING + (path or f"/api/items/{code}")
    proof = ProofMaker(token, url, portal.clock(), portal.parts.dpop_key).proof(jti=f"item-{next(COUNT)}")
    return await portal.http.get(f"/api/items/{code}", headers={"authorization": f"DPoP {token}", "dpop": proof})


async def test_a_token_that_is_enough_is_told_the_item(portal: Running) -> None:
    answer = await ask(portal, "BJ-0101", acr=acr(3), scope="openid profile id_number")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["item"], told["level"], told["mode"], told["portal"]) == ("BJ-0101", 3, "online", "beijing")
    assert told["name"]["en"] == "Transfer of basic pension insurance"


async def test_a_log_in_of_too_low_a_level_is_asked_to_step_up_to_one_that_will_do_rfc9470_3(portal: Running) -> None:
    answer = await ask(portal, "BJ-0101", acr=acr(2), scope="openid profile id_number")
    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_user_authentication")
    assert answer.headers["www-authenticate"] == (
        f'{BASE}, error="insufficient_user_authentication", acr_values="urn:manyou:loa:3 urn:manyou:loa:4"'
    )


async def test_a_missing_scope_is_named_rfc6750_3_1(portal: Running) -> None:
    answer = await ask(portal, "BJ-0102", acr=acr(2), scope="openid profile phone")
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"] == f'{BASE}, error="insufficient_scope", scope="openid id_number phone"'


async def test_the_level_comes_first_so_that_nothing_personal_is_asked_for_in_vain(portal: Running) -> None:
    answer = await ask(portal, "BJ-0101", acr=acr(1), scope="openid")
    assert answer.json()["error"] == "insufficient_user_authentication"


async def test_an_item_for_companies_names_no_token_that_would_do(portal: Running) -> None:
    answer = await ask(portal, "BJ-0107", acr=acr(4), scope="openid")
    assert (answer.status_code, answer.json()["error"]) == (403, "legal_persons_only")
    assert "www-authenticate" not in answer.headers


async def test_what_items_there_are_is_told_to_good_tokens_alone(portal: Running) -> None:
    assert (await ask(portal, "BJ-9999", acr=acr(4))).status_code == 404
    assert (await ask(portal, "%E4%BA%8B")).status_code == 404
    bad = await portal.http.get("/api/items/BJ-9999")
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, BASE)


@pytest.mark.parametrize("path", ["/api/items/BJ-0102", "/api/whoami", "/api/items", "/api/items/BJ-0101/"])
async def test_a_proof_for_another_address_is_none_for_this_one_rfc9449_4_3(portal: Running, path: str) -> None:
    answer = await ask(portal, "BJ-0101", path, acr=acr(4), scope="openid id_number")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")
