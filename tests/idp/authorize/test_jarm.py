"""Answers as JWTs, by every mode that discovery names (JARM 2, 4; FAPI 2.0 Message Signing 5.4)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.idp.authorize.answers import posted_to_client, sent_in_fragment, sent_to_client
from tests.idp.authorize.test_response import STATES
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor

WAYS: dict[str, Callable[[httpx.Response, str], dict[str, str]]] = {
    "jwt": sent_to_client,
    "query.jwt": sent_to_client,
    "fragment.jwt": sent_in_fragment,
    "form_post.jwt": posted_to_client,
}


def test_discovery_names_the_modes_and_algorithms_jarm_4(shared_certified: Provider) -> None:
    document = shared_certified.get("/.well-known/openid-configuration").json()
    assert document["authorization_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["response_modes_supported"] == ["query", "fragment", "form_post", *WAYS]


@pytest.mark.parametrize("mode", WAYS)
def test_the_code_in_the_jwt_is_redeemed_like_any_other_jarm_2_3(
    mode: str, certified: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    asked = certified.ask(response_mode=mode, state=STATES[3])
    sent = WAYS[mode](certified.authorize(someone, asked), certified.redirect_uri)
    assert set(sent) == {"response"}
    _, claims = shared_certified.read(sent["response"])
    assert set(claims) == {"iss", "aud", "exp", "code", "state", "session_state"}
    assert (claims["iss"], claims["aud"], claims["state"]) == (certified.issuer, "alpha", STATES[3])
    assert certified.call("/token", {
        "grant_type": "authorization_code", "code": claims["code"], "redirect_uri": certified.redirect_uri,
        "code_verifier": asked.code_verifier,
    }).status_code == 200  # fmt: skip


@pytest.mark.parametrize("mode", WAYS)
def test_an_error_comes_in_a_jwt_too_also_with_prompt_none_jarm_2_1_2(
    mode: str, certified: PortalClient, shared_certified: Provider
) -> None:
    asked = certified.ask(response_mode=mode, prompt="none")
    sent = WAYS[mode](certified.authorize(shared_certified.visitor(), asked), certified.redirect_uri)
    assert set(sent) == {"response"}
    _, claims = shared_certified.read(sent["response"])
    assert set(claims) == {"iss", "aud", "exp", "error", "error_description", "state"}
    assert (claims["error"], claims["state"]) == ("login_required", asked.parameters["state"])
