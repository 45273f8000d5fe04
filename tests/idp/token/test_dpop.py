"""Tokens bound to a DPoP key: RFC 9449 5, 6.1, 8.2 and 10, FAPI 2.0 Security Profile 5.3.2.1."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.idp.provider import Provider
from tests.idp.token.certified import code_for, redeem, redemption, refresh, tokens
from tests.portal_client import PortalClient, dpop_key, refusal
from web.dpop import thumbprint

OTHER_KEY = ECKey.generate_key("P-256")
NEEDS_PROOF = ("fapi", "other-fapi", "by-other-key")


def _jkt(key: ECKey) -> str:
    return thumbprint(key.as_dict(private=False))


def _with_key(client: PortalClient, key: ECKey | None = None) -> PortalClient:
    client.dpop_key = key or dpop_key(client.client_id)
    return client


@pytest.mark.parametrize("name", ["fapi", "other-fapi", "by-other-key", "by-basic", "by-post", "public"])
def test_a_proof_binds_the_access_token_to_its_key_rfc9449_5(certified: Provider, name: str) -> None:
    client = _with_key(certified.client(name))
    response = redeem(client, code_for(certified, client))
    answer = tokens(response)
    assert answer["token_type"] == "DPoP"
    assert response.headers["dpop-nonce"] == certified.parts.proofs.nonce()
    assert certified.read(answer["access_token"])[1]["cnf"] == {"jkt": _jkt(dpop_key(name))}
    assert "cnf" not in certified.read(answer["id_token"])[1]


@pytest.mark.parametrize("name", ["by-basic", "by-key", "public"])
def test_without_a_proof_tokens_are_bearer_tokens_rfc9449_5(certified: Provider, name: str) -> None:
    client = certified.client(name)
    response = redeem(client, code_for(certified, client))
    assert tokens(response)["token_type"] == "Bearer"
    assert "cnf" not in certified.read(response.json()["access_token"])[1]
    assert "dpop-nonce" not in response.headers


@pytest.mark.parametrize("name", NEEDS_PROOF)
def test_who_is_registered_for_bound_tokens_gets_no_others_rfc9449_5_2(certified: Provider, name: str) -> None:
    client = certified.client(name)
    key, client.dpop_key = client.dpop_key, None
    code = code_for(certified, client)
    response = redeem(client, code)
    assert refusal(response) == "invalid_dpop_proof"
    assert response.headers["dpop-nonce"] == certified.parts.proofs.nonce()
    refresh_token = tokens(redeem(_with_key(client, key), code))["refresh_token"]
    client.dpop_key = None
    assert refusal(refresh(client, refresh_token)) == "invalid_dpop_proof"
    assert tokens(refresh(_with_key(client, key), refresh_token))["token_type"] == "DPoP"


def test_a_nonce_is_asked_for_and_the_code_survives_it_rfc9449_8(certified: Provider) -> None:
    client = certified.client("fapi")
    code = code_for(certified, client)
    response = redeem(client, code, {"dpop": client.proof("/token")})
    assert refusal(response) == "use_dpop_nonce"
    client.nonce = response.headers["dpop-nonce"]
    assert tokens(redeem(client, code, {"dpop": client.proof("/token")}))["token_type"] == "DPoP"


def test_who_is_told_the_nonce_asks_again_with_the_same_assertion_rfc9449_8(certified: Provider) -> None:
    client = certified.client("fapi")
    code, assertion = code_for(certified, client), client.assertion()
    lacks_it = {"dpop": client.proof("/token", nonce=None)}
    response = redeem(client, code, lacks_it, client_assertion=assertion)
    assert refusal(response) == "use_dpop_nonce"
    has_it = {"dpop": client.proof("/token", nonce=response.headers["dpop-nonce"])}
    answer = tokens(redeem(client, code, has_it, client_assertion=assertion))
    fresh = {"dpop": client.proof("/token", nonce=response.headers["dpop-nonce"])}
    request = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"], "client_assertion": assertion}
    assert refusal(client.call("/token", request, fresh), 401) == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://else.example/token"},
        {"method": "GET"},
        {"now": 1.0},
        {"jti": "x" * 257},
    ],
)
def test_a_bad_proof_is_refused_and_burns_no_code_rfc9449_5(certified: Provider, changes: dict[str, Any]) -> None:
    client = certified.client("fapi")
    code = code_for(certified, client)
    client.nonce = certified.parts.proofs.nonce()
    assert refusal(redeem(client, code, {"dpop": client.proof("/token", **changes)})) == "invalid_dpop_proof"
    good = client.proof("/token")
    assert redeem(client, code, {"dpop": good}).status_code == 200
    assert refusal(redeem(client, code_for(certified, client), {"dpop": good})) == "invalid_dpop_proof"


def test_who_cannot_authenticate_uses_up_no_proof(certified: Provider) -> None:
    client = certified.client("fapi")
    client.nonce = certified.parts.proofs.nonce()
    proof = {"dpop": client.proof("/token")}
    code = code_for(certified, client)
    assert refusal(redeem(client, code, proof, client_assertion="forged"), 401) == "invalid_client"
    assert redeem(client, code, proof).status_code == 200


@pytest.mark.parametrize("name", ["fapi", "by-basic", "public"])
def test_a_code_that_is_bound_to_a_key_needs_it_rfc9449_10(certified: Provider, name: str) -> None:
    client = certified.client(name)
    bound = code_for(certified, client, dpop_jkt=_jkt(dpop_key(name)))
    assert refusal(redeem(_with_key(client, OTHER_KEY), bound)) == "invalid_grant"
    if name != "fapi":
        client.dpop_key = None
        assert refusal(redeem(client, bound)) == "invalid_grant"
    # Who has not the key burns nothing.
    assert tokens(redeem(_with_key(client), bound))["token_type"] == "DPoP"


def test_a_public_clients_refresh_token_is_bound_to_its_key_and_rotated_rfc9449_5(certified: Provider) -> None:
    client = _with_key(certified.client("public"))
    first = tokens(redeem(client, code_for(certified, client)))["refresh_token"]
    assert refusal(refresh(_with_key(client, OTHER_KEY), first)) == "invalid_grant"
    client.dpop_key = None
    assert refusal(refresh(client, first)) == "invalid_grant"
    second = tokens(refresh(_with_key(client), first))
    assert second["token_type"] == "DPoP"
    assert second["refresh_token"] != first
    assert refusal(refresh(client, first)) == "invalid_grant"
    # Shown twice, so that the whole family has ended.
    assert refusal(refresh(client, second["refresh_token"])) == "invalid_grant"


def test_a_public_clients_refresh_token_without_a_key_is_rotated_rfc9700_4_14_2(certified: Provider) -> None:
    client = certified.client("public")
    first = tokens(redeem(client, code_for(certified, client)))["refresh_token"]
    second = tokens(refresh(client, first))["refresh_token"]
    assert refusal(refresh(client, first)) == "invalid_grant"
    assert refusal(refresh(client, second)) == "invalid_grant"


@pytest.mark.parametrize("name", ["fapi", "by-basic", "by-other-key"])
def test_a_client_that_can_prove_who_it_is_may_change_its_key_rfc9449_5(certified: Provider, name: str) -> None:
    client = _with_key(certified.client(name))
    bound = code_for(certified, client, dpop_jkt=_jkt(dpop_key(name)))
    refresh_token = tokens(redeem(client, bound))["refresh_token"]
    answer = tokens(refresh(_with_key(client, OTHER_KEY), refresh_token))
    assert answer["token_type"] == "DPoP"
    assert certified.read(answer["access_token"])[1]["cnf"] == {"jkt": _jkt(OTHER_KEY)}


def test_a_fapi2_clients_refresh_token_is_not_rotated_fapi2_5_3_2_1(certified: Provider) -> None:
    client = certified.client("fapi")
    refresh_token = tokens(redeem(client, code_for(certified, client)))["refresh_token"]
    for _ in range(3):
        # Used for weeks, it lives on, as a rotated one does.
        certified.clock.advance(20 * 86400)
        certified.run(certified.parts.stores.upkeep.sweep(certified.clock()))
        answer = tokens(refresh(client, refresh_token))
        assert "refresh_token" not in answer
        assert {"access_token", "id_token"} <= set(answer)
    certified.clock.advance(31 * 86400)
    assert refusal(refresh(client, refresh_token)) == "invalid_grant"


def test_of_twenty_refreshes_at_once_on_fapi2_all_succeed_fapi2_5_3_2_1(certified: Provider) -> None:
    client = certified.client("fapi")
    refresh_token = tokens(redeem(client, code_for(certified, client)))["refresh_token"]
    client.nonce = certified.parts.proofs.nonce()
    one = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answers = [tokens(response)["access_token"] for response in client.at_once("/token", [one] * 20)]
    assert len(set(answers)) == 20


def test_a_fapi2_clients_refresh_token_is_bound_to_the_client_and_ends_with_its_grant(certified: Provider) -> None:
    client, other = certified.client("fapi"), certified.client("other-fapi")
    refresh_token = tokens(redeem(client, code_for(certified, client)))["refresh_token"]
    assert refusal(refresh(other, refresh_token)) == "invalid_grant"
    assert tokens(refresh(client, refresh_token))
    assert client.revoke(refresh_token).status_code == 200
    assert refusal(refresh(client, refresh_token)) == "invalid_grant"


def test_a_code_used_twice_ends_what_came_of_it_on_fapi2_too_rfc6749_4_1_2(certified: Provider) -> None:
    client = certified.client("fapi")
    code = code_for(certified, client)
    refresh_token = tokens(redeem(client, code))["refresh_token"]
    assert refusal(redeem(client, code)) == "invalid_grant"
    assert refusal(refresh(client, refresh_token)) == "invalid_grant"


def test_of_twenty_redemptions_at_once_one_succeeds_with_proofs_too_rfc6749_4_1_2(certified: Provider) -> None:
    client = certified.client("fapi")
    client.nonce = certified.parts.proofs.nonce()
    responses = client.at_once("/token", [redemption(client, code_for(certified, client))] * 20)
    assert [response.status_code for response in responses].count(200) == 1
