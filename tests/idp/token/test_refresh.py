"""Refresh tokens: protocol point 22, RFC 6749 6, Core 11 and 12, RFC 9700 4.14."""

from __future__ import annotations

import pytest

from idp.audit import Event
from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor

OFFLINE = {"scope": "openid profile offline_access", "prompt": "consent"}


def test_a_refresh_rotates_the_token_rfc9700_4_14_2(client: PortalClient, visitor: Visitor) -> None:
    first = client.tokens(visitor)
    response = client.refresh(first.refresh_token)
    assert response.headers["cache-control"] == "no-store"
    second = Tokens(response.json())
    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    assert client.refresh(second.refresh_token).status_code == 200


def test_a_refresh_keeps_who_when_and_how_and_leaves_the_nonce_out_core_12_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor, resource=client.resource)
    _, before = provider.read(first.id_token)
    provider.clock.advance(250)
    second = Tokens(client.refresh(first.refresh_token).json())
    header, after = provider.read(second.id_token)
    kept = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert "nonce" in before
    assert "nonce" not in after
    assert after["iat"] == before["iat"] + 250
    assert (after["exp"], header["alg"]) == (after["iat"] + 300, "ES256")
    assert after["jti"] != before["jti"]
    access = provider.read(second.access_token)[1]
    assert [access[name] for name in ("sub", "sid", "auth_time", "acr", "amr")] == [
        before[name] for name in ("sub", "sid", "auth_time", "acr", "amr")
    ]
    assert access["aud"] == [client.resource, provider.issuer]


def test_reuse_revokes_the_family_ends_the_sid_and_tells_the_client_rfc9700_4_14_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor)
    second = Tokens(client.refresh(first.refresh_token).json())
    assert refusal(client.refresh(first.refresh_token)) == "invalid_grant"
    assert refusal(client.refresh(second.refresh_token)) == "invalid_grant"
    assert not client.active(second.access_token)
    sid = provider.read(first.id_token)[1]["sid"]
    assert len(provider.logout_tokens("alpha", sid)) == 1
    # The person's session lives on: the next visit is a new sign-in without a new log-in.
    again = client.sign_in(visitor, prompt="none")
    assert provider.read(Tokens(client.exchange(again).json()).id_token)[1]["sid"] != sid


def test_of_twenty_refreshes_at_once_one_succeeds_and_the_family_ends_rfc9700_4_14_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor)
    one = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
    responses = client.at_once("/token", [one] * 20)
    good = [response for response in responses if response.status_code == 200]
    assert len(good) == 1
    assert {refusal(response) for response in responses if response is not good[0]} == {"invalid_grant"}
    assert refusal(client.refresh(Tokens(good[0].json()).refresh_token)) == "invalid_grant"
    assert len(provider.logout_tokens("alpha", provider.read(first.id_token)[1]["sid"])) == 1


def test_a_refresh_token_is_bound_to_its_client_whose_family_no_other_can_end_rfc6749_6(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    first = client.tokens(visitor)
    second = Tokens(client.refresh(first.refresh_token).json())
    for token in (first.refresh_token, second.refresh_token):
        assert refusal(client_factory("beta").refresh(token)) == "invalid_grant"
    assert client.refresh(second.refresh_token).status_code == 200


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("openid", "openid"),
        ("profile openid", "openid profile"),
        ("openid openid", "openid"),
        (None, "openid profile phone"),
    ],
)
def test_a_refresh_may_narrow_the_scope_rfc6749_6(
    provider: Provider, client: PortalClient, visitor: Visitor, asked: str | None, given: str
) -> None:
    first = client.tokens(visitor, scope="openid profile phone")
    answer = client.refresh(first.refresh_token, scope=asked).json()
    assert answer["scope"] == given
    assert provider.read(answer["access_token"])[1]["scope"] == given
    # What was narrowed once can be had again: the grant itself stays as it was.
    assert client.refresh(answer["refresh_token"]).json()["scope"] == "openid profile phone"


def test_a_refresh_never_widens_the_scope_and_a_refused_one_burns_nothing_rfc6749_6(
    client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor, scope="openid profile")
    for wider in ("openid profile phone", "email", "unknown"):
        assert refusal(client.refresh(first.refresh_token, scope=wider)) == "invalid_scope"
    assert client.refresh(first.refresh_token).status_code == 200


def test_a_refresh_without_openid_gives_no_id_token_and_no_userinfo_rfc9068_3(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor, resource=client.resource)
    answer = client.refresh(first.refresh_token, scope="profile").json()
    assert "id_token" not in answer
    assert provider.read(answer["access_token"])[1]["aud"] == client.resource
    assert refusal(client.userinfo(answer["access_token"]), 401) == "invalid_token"


def test_the_end_of_the_session_ends_the_refresh_token(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    assert not client.active(tokens.access_token)


def test_a_session_that_has_run_out_ends_the_refresh_token(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    provider.clock.advance(3601)
    provider.run(provider.parts.sign_outs.expire(provider.parts.settings.idp_session_idle_seconds))
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    assert len(provider.logout_tokens("alpha", provider.read(tokens.id_token)[1]["sid"])) == 1


def test_a_session_that_is_idle_too_long_is_not_revived_by_a_refresh(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    provider.clock.advance(3601)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"


def test_refreshing_keeps_a_session_alive_until_its_absolute_end(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    for _ in range(9):
        provider.clock.advance(3000)
        tokens = Tokens(client.refresh(tokens.refresh_token).json())
    provider.clock.advance(8 * 3600 - 9 * 3000)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"


def test_offline_access_outlives_the_session_only_with_prompt_consent_core_11(
    provider: Provider, client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    offline = client.tokens(visitor, **OFFLINE)
    other = client_factory("beta").tokens(visitor, scope=OFFLINE["scope"])
    assert offline.answer["scope"] == "openid profile offline_access"
    assert other.answer["scope"] == "openid profile"
    client.end_session(visitor, id_token_hint=offline.id_token)
    assert refusal(client_factory("beta").refresh(other.refresh_token)) == "invalid_grant"
    again = client.refresh(offline.refresh_token)
    assert again.status_code == 200
    before, after = provider.read(offline.id_token)[1], provider.read(again.json()["id_token"])[1]
    assert [after[name] for name in ("sub", "sid", "auth_time")] == [
        before[name] for name in ("sub", "sid", "auth_time")
    ]
    assert client.userinfo(again.json()["access_token"]).status_code == 200
    # The client still learns that the session has ended (Back-Channel Logout 2.7).
    assert len(provider.logout_tokens("alpha", before["sid"])) == 1


def test_offline_access_that_is_used_lives_on_past_its_first_month_core_11(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, **OFFLINE)
    for _ in range(3):
        provider.clock.advance(25 * 86400)
        provider.run(provider.parts.stores.upkeep.sweep(provider.clock()))
        tokens = Tokens(client.refresh(tokens.refresh_token).json())
    provider.clock.advance(31 * 86400)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"


@pytest.mark.parametrize("ending", ["consent withdrawn", "account frozen", "level lowered"])
def test_offline_access_ends_with_what_it_rests_on_also_after_log_out(
    provider: Provider, client: PortalClient, visitor: Visitor, ending: str
) -> None:
    tokens = client.tokens(visitor, "chen.xiongan", **OFFLINE)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    parts = provider.parts
    person = provider.run(parts.stores.people.by_id("chen.xiongan"))
    try:
        if ending == "consent withdrawn":
            assert provider.run(parts.sign_outs.withdraw_consent("chen.xiongan", "alpha"))
        elif ending == "account frozen":
            provider.run(parts.sign_outs.freeze(person))
            provider.run(parts.sign_outs.unfreeze(person))
        else:
            provider.run(parts.sign_outs.set_level(person, 1))
        assert not client.active(tokens.access_token)
        assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    finally:
        provider.run(parts.stores.people.set_level("chen.xiongan", 4, provider.clock()))


def test_a_refresh_token_that_comes_too_late_is_no_theft(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens, audit = client.tokens(visitor, **OFFLINE), provider.parts.stores.audit
    provider.clock.advance(31 * 86400)
    before = provider.run(audit.latest(1000, Event.REFRESH_REUSED))
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    assert provider.run(audit.latest(1000, Event.REFRESH_REUSED)) == before


@pytest.mark.parametrize("token", [None, "unknown", "x" * 5000, "令牌"])
def test_a_wrong_refresh_token_is_refused(client: PortalClient, token: str | None) -> None:
    parameters = {"grant_type": "refresh_token", "refresh_token": token}
    assert refusal(client.call("/token", parameters)) == ("invalid_grant" if token else "invalid_request")


def test_a_lowered_level_ends_what_claimed_more(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor, "wang.tianjin")
    parts = provider.parts
    person = provider.run(parts.stores.people.by_id("wang.tianjin"))
    provider.run(parts.sign_outs.set_level(person, 2))
    try:
        assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
        assert not client.active(tokens.access_token)
        again = Tokens(client.exchange(client.sign_in(visitor, prompt="none")).json())
        assert provider.read(again.id_token)[1]["acr"] == "urn:manyou:loa:2"
    finally:
        provider.run(parts.stores.people.set_level("wang.tianjin", 3, provider.clock()))
