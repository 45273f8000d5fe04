"""PKCE where it is not everybody's duty: RFC 7636 4.6, RFC 9700 2.1.1 and 4.8.2; protocol point 1."""

from __future__ import annotations

import pytest

from tests.idp.provider import Provider
from tests.idp.token.certified import code_for, redeem, tokens
from tests.portal_client import refusal


def test_a_code_without_challenge_is_redeemed_without_verifier_core_3_1_3(certified: Provider) -> None:
    client = certified.client("by-post")
    assert tokens(redeem(client, code_for(certified, client, code_challenge=None), code_verifier=None))


@pytest.mark.parametrize("name", ["by-post", "by-key", "public"])
@pytest.mark.parametrize("verifier", ["v" * 43, "x" * 128, "short", "\u5bc6" * 43])
def test_a_verifier_for_a_code_without_challenge_is_a_downgrade_rfc9700_4_8_2(
    certified: Provider, name: str, verifier: str
) -> None:
    client = certified.client(name)
    code = code_for(certified, client, code_challenge=None)
    assert refusal(redeem(client, code, code_verifier=verifier)) == "invalid_grant"


def test_a_public_clients_code_without_challenge_is_worth_nothing_rfc9700_2_1_1(certified: Provider) -> None:
    client = certified.client("public")
    code = code_for(certified, client, code_challenge=None)
    assert refusal(redeem(client, code, code_verifier=None)) == "invalid_request"


@pytest.mark.parametrize("name", ["by-basic", "by-post", "public"])
def test_a_challenge_wants_its_verifier_however_the_client_authenticates_rfc7636_4_6(
    certified: Provider, name: str
) -> None:
    client = certified.client(name)
    code = code_for(certified, client)
    for wrong in (None, "w" * 43):
        assert refusal(redeem(client, code, code_verifier=wrong)) == "invalid_grant"
    assert tokens(redeem(client, code))


@pytest.mark.parametrize("name", ["by-basic", "public"])
def test_the_redirect_uri_that_was_asked_with_is_asked_for_again_rfc6749_4_1_3(certified: Provider, name: str) -> None:
    client = certified.client(name)
    code = code_for(certified, client)
    other = str(client.registration.table["redirect_uris"][1])
    for wrong in (None, other, f"{client.redirect_uri}/", f"{client.redirect_uri}?a=b"):
        assert refusal(redeem(client, code, redirect_uri=wrong)) == "invalid_grant"
    assert tokens(redeem(client, code))
