"""The authorization code at the token endpoint: protocol point 9, RFC 6749 4.1.2 and 4.1.3, RFC 7636 4.6."""

from __future__ import annotations

import pytest

from idp.audit import Event
from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor


def test_a_code_is_redeemed_for_tokens_rfc6749_4_1_4(client: PortalClient, visitor: Visitor) -> None:
    response = client.exchange(client.sign_in(visitor, scope="openid profile"))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    answer = response.json()
    assert set(answer) == {"access_token", "token_type", "expires_in", "id_token", "refresh_token", "scope"}
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 300, "openid profile")


def test_a_code_has_128_bits_and_more_rfc6749_10_10(client: PortalClient, visitor: Visitor) -> None:
    codes = {client.sign_in(visitor).code for _ in range(3)}
    assert len(codes) == 3
    assert min(len(code) for code in codes) >= 22


def test_a_code_works_once_and_its_second_use_ends_the_family_rfc6749_4_1_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    tokens = Tokens(client.exchange(landing).json())
    assert client.active(tokens.access_token)
    assert refusal(client.exchange(landing)) == "invalid_grant"
    assert not client.active(tokens.access_token)
    assert refusal(client.userinfo(tokens.access_token), 401) == "invalid_token"
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    sid = provider.read(tokens.id_token)[1]["sid"]
    assert len(provider.logout_tokens("alpha", sid)) == 1


def test_a_code_stays_used_for_ever_rfc6749_4_1_2(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    landing = client.sign_in(visitor)
    assert client.exchange(landing).status_code == 200
    for later in (61, 3600, 400 * 86400):
        provider.clock.advance(later)
        provider.run(provider.parts.stores.upkeep.sweep(provider.clock()))
        assert refusal(client.exchange(landing)) == "invalid_grant"


def test_of_fifty_redemptions_at_once_one_succeeds_rfc6749_4_1_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    responses = client.at_once("/token", [client.redemption(landing) for _ in range(50)])
    good = [response for response in responses if response.status_code == 200]
    assert len(good) == 1
    assert {refusal(response) for response in responses if response is not good[0]} == {"invalid_grant"}
    tokens = Tokens(good[0].json())
    assert not client.active(tokens.access_token)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    # One sign-in has ended, so the client is told once.
    assert len(provider.logout_tokens("alpha", provider.read(tokens.id_token)[1]["sid"])) == 1


def test_a_code_lives_sixty_seconds_by_the_clock_rfc6749_4_1_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    in_time, too_late = client.sign_in(visitor), client.sign_in(visitor)
    provider.clock.advance(59.9)
    assert client.exchange(in_time).status_code == 200
    provider.clock.advance(0.1)
    assert refusal(client.exchange(too_late)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "{other}"}, "invalid_grant"),
        ({"redirect_uri": "{same}/"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "w" * 129}, "invalid_request"),
        ({"code_verifier": "密" * 43}, "invalid_request"),
    ],
)
def test_a_redemption_must_match_its_request_and_a_wrong_one_burns_nothing_rfc6749_4_1_3_rfc7636_4_6(
    client: PortalClient, visitor: Visitor, changes: dict[str, str | None], error: str
) -> None:
    landing = client.sign_in(visitor)
    other = client.registration.table["redirect_uris"][1]
    wrong = {
        name: value and value.replace("{other}", other).replace("{same}", client.redirect_uri)
        for name, value in changes.items()
    }
    assert refusal(client.exchange(landing, **wrong)) == error
    assert client.exchange(landing).status_code == 200


def test_a_code_is_bound_to_its_client_which_alone_can_end_its_family_rfc6749_4_1_3(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    assert refusal(client_factory("beta").exchange(landing)) == "invalid_grant"
    tokens = Tokens(client.exchange(landing).json())
    assert refusal(client_factory("beta").exchange(landing)) == "invalid_grant"
    assert client.active(tokens.access_token)


def test_a_stolen_code_without_credentials_neither_works_nor_ends_anything_rfc6749_4_1_3(
    client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    tokens = Tokens(client.exchange(landing).json())
    assert refusal(client.exchange(landing, client_assertion="forged"), 401) == "invalid_client"
    assert client.active(tokens.access_token)


def test_a_code_that_comes_too_late_is_no_theft_and_ends_nothing_rfc6749_4_1_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens, late = client.tokens(visitor), client.sign_in(visitor)
    provider.clock.advance(61)
    assert refusal(client.exchange(late)) == "invalid_grant"
    assert client.active(tokens.access_token)


def test_a_code_whose_sign_in_has_ended_is_no_theft_either(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens, late = client.tokens(visitor), client.sign_in(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    before = provider.run(provider.parts.stores.audit.latest(1000, Event.CODE_REUSED))
    assert refusal(client.exchange(late)) == "invalid_grant"
    assert provider.run(provider.parts.stores.audit.latest(1000, Event.CODE_REUSED)) == before


def test_a_used_code_with_a_wrong_verifier_ends_the_family_too_rfc9700_2_1_1(
    client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    tokens = Tokens(client.exchange(landing).json())
    assert refusal(client.exchange(landing, code_verifier="w" * 43)) == "invalid_grant"
    assert not client.active(tokens.access_token)


def test_a_code_dies_with_the_session_that_it_came_of_backchannel_2_7(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    landing = client.sign_in(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert refusal(client.exchange(landing)) == "invalid_grant"


def test_a_code_of_a_frozen_account_is_refused(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    landing = client.sign_in(visitor, "gao.beijing")
    person = provider.run(provider.parts.stores.people.by_id("gao.beijing"))
    provider.run(provider.parts.sign_outs.freeze(person))
    try:
        assert refusal(client.exchange(landing)) == "invalid_grant"
    finally:
        provider.run(provider.parts.sign_outs.unfreeze(person))


def test_a_client_without_refresh_tokens_gets_none_rfc6749_5_1(client_factory: ClientFactory, visitor: Visitor) -> None:
    plain = client_factory("plain")
    assert "refresh_token" not in plain.tokens(visitor).answer
    assert refusal(plain.refresh("made-up")) == "unauthorized_client"
