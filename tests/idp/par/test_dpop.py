"""DPoP at the pushed authorization request: the code is bound to the key from the start (RFC 9449 10.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.oauth.authorization_code import grant_id_of
from tests.idp.par.conftest import JKT, by_reference, push, pushed
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor

OTHER = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize("by", ["proof", "parameter", "both"])
def test_the_code_is_bound_to_the_key_rfc9449_10(
    provider: Provider, client: PortalClient, visitor: Visitor, make: Callable[..., str], by: str
) -> None:
    asked = client.ask(dpop_jkt=None if by == "proof" else JKT)
    request_uri = pushed(client, asked, None if by == "parameter" else make())
    page = visitor.follow(client.authorize(visitor, by_reference(client, asked, request_uri)))
    landing = client.landing(asked, visitor.follow(visitor.log_in(page, "li.beijing")))
    grant = provider.run(provider.parts.stores.grants.get(grant_id_of(landing.code)))
    assert grant.dpop_jkt == JKT


def test_a_proof_and_another_dpop_jkt_are_refused_rfc9449_10_1(client: PortalClient, make: Callable[..., str]) -> None:
    assert refusal(push(client, client.ask(), make(), dpop_jkt=OTHER)) == "invalid_request"


def test_the_proof_is_for_this_endpoint_and_method_rfc9449_4_3(
    provider: Provider, client: PortalClient, make: Callable[..., str]
) -> None:
    for wrong in (make(url=f"{provider.issuer}/token"), make(method="GET"), make(now=provider.clock() - 100), "x"):
        assert refusal(push(client, client.ask(), wrong)) == "invalid_dpop_proof"


def test_a_proof_is_taken_once_rfc9449_11_1(client: PortalClient, make: Callable[..., str]) -> None:
    proof = make()
    pushed(client, client.ask(), proof)
    assert refusal(push(client, client.ask(), proof)) == "invalid_dpop_proof"


def test_without_a_nonce_one_is_handed_out_and_then_good_rfc9449_8(
    client: PortalClient, make: Callable[..., str]
) -> None:
    response = push(client, client.ask(), make(nonce=None))
    assert refusal(response) == "use_dpop_nonce"
    nonce = response.headers["dpop-nonce"]
    answer = push(client, client.ask(), make(nonce=nonce))
    assert answer.status_code == 201
    assert answer.headers["dpop-nonce"] == nonce


def test_who_is_told_the_nonce_pushes_again_with_the_same_assertion_rfc9449_8(
    client: PortalClient, make: Callable[..., str]
) -> None:
    asked, assertion = client.ask(), client.assertion()
    response = push(client, asked, make(nonce=None), client_assertion=assertion)
    assert refusal(response) == "use_dpop_nonce"
    again = make(nonce=response.headers["dpop-nonce"])
    assert push(client, asked, again, client_assertion=assertion).status_code == 201
    # Once it is answered it is used up, and takes no good proof along.
    proof = make()
    assert refusal(push(client, asked, proof, client_assertion=assertion), 401) == "invalid_client"
    pushed(client, asked, proof)


def test_a_stranger_uses_up_no_proof(client: PortalClient, make: Callable[..., str]) -> None:
    proof = make()
    assert refusal(push(client, client.ask(), proof, client_assertion="x"), 401) == "invalid_client"
    pushed(client, client.ask(), proof)
