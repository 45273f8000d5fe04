"""Userinfo with tokens that are bound to a key: RFC 9449 7 to 9, RFC 6750 3."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from idp.oauth.signing import sign
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor
from web.dpop import make_proof, thumbprint

KEY, OTHER_KEY = (ECKey.generate_key("P-256") for _ in range(2))


class Holder:
    """Whoever holds a token that is bound to KEY."""

    def __init__(self, provider: Provider, client: PortalClient, token: str) -> None:
        self.provider = provider
        self.client = client
        self.token = token
        self.uri = f"{provider.issuer}/userinfo"

    def proof(self, **changes: Any) -> str:
        """Return a good proof for GET /userinfo, or one with something changed."""
        right = {"key": KEY, "method": "GET", "url": self.uri, "now": self.provider.clock(), "access_token": self.token}
        return make_proof(**{**right, "nonce": self.provider.parts.proofs.nonce(), **changes})

    def get(self, proof: str | None, authorization: str | None = None) -> httpx.Response:
        """Ask /userinfo."""
        headers = {"authorization": authorization or f"DPoP {self.token}"}
        return self.client.http.get(self.uri, headers=headers if proof is None else {**headers, "dpop": proof})


@pytest.fixture
def plain(client: PortalClient, visitor: Visitor) -> str:
    """An access token that is bound to no key."""
    return client.tokens(visitor).access_token


@pytest.fixture
def holder(provider: Provider, client: PortalClient, plain: str) -> Holder:
    """One with a bound token."""
    claims = {**provider.read(plain)[1], "cnf": {"jkt": thumbprint(KEY.as_dict(private=False))}}
    return Holder(provider, client, sign(provider.parts.keys, "ES256", "at+jwt", claims))


def _error(response: httpx.Response) -> str:
    """Return the error after checking that the DPoP challenge has it and lists the algorithms."""
    code = refusal(response, 401)
    dpop, _, bearer = response.headers["www-authenticate"].partition(", Bearer ")
    assert dpop.startswith('DPoP realm="')
    assert 'algs="ES256 ' in dpop
    assert f'error="{code}"' in dpop
    assert "error" not in bearer
    return code


def test_a_bound_token_is_taken_with_a_proof_of_its_key_rfc9449_7_1(holder: Holder) -> None:
    response = holder.get(holder.proof())
    assert response.status_code == 200
    assert response.json()["sub"]
    assert response.headers["dpop-nonce"] == holder.provider.parts.proofs.nonce()


def test_a_post_is_taken_as_well_and_the_scheme_in_any_case_rfc9110_11_1(holder: Holder) -> None:
    headers = {"authorization": f"dpop {holder.token}", "dpop": holder.proof(method="POST")}
    assert holder.client.http.post(holder.uri, headers=headers).status_code == 200


def test_a_bound_token_is_no_bearer_token_rfc9449_7_2(holder: Holder) -> None:
    for proof in (None, holder.proof()):
        response = holder.get(proof, f"Bearer {holder.token}")
        assert refusal(response, 401) == "invalid_token"
        assert response.headers["www-authenticate"].startswith("Bearer ")
    in_form = holder.client.http.post(
        holder.uri, data={"access_token": holder.token}, headers={"dpop": holder.proof(method="POST")}
    )
    assert refusal(in_form, 401) == "invalid_token"


def test_a_plain_token_is_none_of_dpop_rfc9449_7_1(holder: Holder, plain: str) -> None:
    assert _error(holder.get(holder.proof(access_token=plain), f"DPoP {plain}")) == "invalid_token"
    assert holder.get(None, f"Bearer {plain}").status_code == 200
    assert "dpop-nonce" not in holder.get(None, f"Bearer {plain}").headers


def test_without_a_good_proof_the_token_is_refused_rfc9449_4_3(holder: Holder, plain: str) -> None:
    now = holder.provider.clock()
    for wrong in (
        None,
        "not a proof",
        holder.proof(method="POST"),
        holder.proof(url=f"{holder.provider.issuer}/token"),
        holder.proof(now=now - 100),
        holder.proof(access_token=plain),
        holder.proof(access_token=None),
    ):
        assert _error(holder.get(wrong)) == "invalid_dpop_proof"


def test_a_proof_of_another_key_is_refused_rfc9449_7_1(holder: Holder) -> None:
    assert _error(holder.get(holder.proof(key=OTHER_KEY))) == "invalid_token"


def test_a_proof_is_taken_once_rfc9449_11_1(holder: Holder) -> None:
    proof = holder.proof()
    assert holder.get(proof).status_code == 200
    assert _error(holder.get(proof)) == "invalid_dpop_proof"


def test_without_a_nonce_one_is_handed_out_and_then_good_rfc9449_9(holder: Holder) -> None:
    response = holder.get(holder.proof(nonce=None))
    assert _error(response) == "use_dpop_nonce"
    assert holder.get(holder.proof(nonce=response.headers["dpop-nonce"])).status_code == 200


def test_both_schemes_at_once_are_refused_rfc9449_7_2(holder: Holder, plain: str) -> None:
    headers = [("authorization", f"DPoP {holder.token}"), ("authorization", f"Bearer {plain}")]
    response = holder.client.http.get(holder.uri, headers=[*headers, ("dpop", holder.proof())])
    assert refusal(response) == "invalid_request"
    in_form = holder.client.http.post(
        holder.uri,
        data={"access_token": plain},
        headers={"authorization": f"DPoP {holder.token}", "dpop": holder.proof(method="POST")},
    )
    assert refusal(in_form) == "invalid_request"


def test_a_bound_token_in_the_query_is_refused_rfc9449_7_1(holder: Holder) -> None:
    response = holder.client.http.get(
        holder.uri, params={"access_token": holder.token}, headers={"dpop": holder.proof()}
    )
    assert refusal(response) == "invalid_request"


def test_whoever_has_no_token_of_ours_uses_up_no_proof(holder: Holder) -> None:
    proof = holder.proof()
    assert _error(holder.get(proof, "DPoP made-up")) == "invalid_token"
    assert holder.get(proof).status_code == 200
