"""Revocation: RFC 7009."""

from __future__ import annotations

import pytest

from tests.idp.conftest import ClientFactory
from tests.idp.odd_tokens import ODD_NAMES, odd_tokens
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor


def test_a_revoked_access_token_is_worth_nothing_at_once_here_rfc7009_2(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    assert client.revoke(tokens.access_token).status_code == 200
    assert not client.active(tokens.access_token)
    assert refusal(client.userinfo(tokens.access_token), 401) == "invalid_token"


def test_revoking_an_access_token_leaves_the_rest_alone_rfc7009_2_1(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    client.revoke(tokens.access_token)
    again = Tokens(client.refresh(tokens.refresh_token).json())
    assert client.userinfo(again.access_token).status_code == 200


@pytest.mark.parametrize("used_before", [False, True])
def test_a_revoked_refresh_token_takes_its_family_and_the_sid_with_it_rfc7009_2_1(
    provider: Provider, client: PortalClient, visitor: Visitor, used_before: bool
) -> None:
    tokens = client.tokens(visitor)
    newest = Tokens(client.refresh(tokens.refresh_token).json()) if used_before else tokens
    assert client.revoke(tokens.refresh_token).status_code == 200
    assert not client.active(newest.access_token)
    assert refusal(client.refresh(newest.refresh_token)) == "invalid_grant"
    sid = provider.read(tokens.id_token)[1]["sid"]
    assert len(provider.logout_tokens("alpha", sid)) == 1
    # The log-in itself is the person's own; no client can end that by revoking.
    assert "code" in client.sign_in(visitor, prompt="none").parameters


def test_another_clients_token_is_refused_and_stays_rfc7009_2_1(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    for token in (tokens.access_token, tokens.refresh_token):
        assert refusal(client_factory("beta").revoke(token)) == "invalid_grant"
    assert client.active(tokens.access_token)
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_stranger_revokes_nothing_rfc7009_2_1(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor)
    for token in (tokens.access_token, tokens.refresh_token):
        assert refusal(client.revoke(token, client_assertion=None), 401) == "invalid_client"
        replayed = client.assertion()
        assert client.revoke("made-up", client_assertion=replayed).status_code == 200
        assert refusal(client.revoke(token, client_assertion=replayed), 401) == "invalid_client"
    assert client.active(tokens.access_token)
    assert client.refresh(tokens.refresh_token).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard-of"])
def test_the_hint_is_a_hint_rfc7009_2_1(client: PortalClient, visitor: Visitor, hint: str) -> None:
    tokens = client.tokens(visitor)
    assert client.revoke(tokens.access_token, token_type_hint=hint).status_code == 200
    assert not client.active(tokens.access_token)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_unknown_token_is_as_good_as_revoked_rfc7009_2_2(client: PortalClient, name: str) -> None:
    assert client.revoke(odd_tokens({"iss": client.issuer}, "es256-1")[name]).status_code == 200


def test_revoking_twice_or_too_late_does_no_harm_rfc7009_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    for _ in range(2):
        assert client.revoke(tokens.refresh_token).status_code == 200
        assert client.revoke(tokens.access_token).status_code == 200
    other = client.tokens(visitor)
    provider.clock.advance(301)
    assert client.revoke(other.access_token).status_code == 200
    assert client.refresh(other.refresh_token).status_code == 200
