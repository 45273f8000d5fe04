"""The traps of Authlib's server side, by their numbers in design/stack.md; each was seen to err there once.

Number 12 is about its client; tests/portals has those. What the other tests of this folder hold is only named here.
"""

from __future__ import annotations

import logging

import pytest

from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens, refusal
from tests.visitor import Visitor

ODD = ['"', "\\", "\x7f", "\x01", "授权", "%00", "\r\nx: y", "'", "<script>", " "]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("name", ["redirect_uri", "response_type", "scope", "client_id", "state", "prompt", "max_age"])
def test_trap_1_odd_characters_are_no_internal_error(
    client: PortalClient, visitor: Visitor, name: str, odd: str
) -> None:
    changes: dict[str, str | None] = {name: client.ask().parameters.get(name, "") + odd}
    response = client.authorize(visitor, client.ask(**changes))
    assert response.status_code in (303, 400)
    location = response.headers.get("location", "")
    assert location.isascii()
    assert "\r" not in location


def test_trap_1_a_basic_header_that_cannot_be_read_is_no_internal_error(client: PortalClient) -> None:
    form = {"token": "x", "grant_type": "refresh_token"}
    for header in (b"Basic", b"Basic ====", b"Basic \xff\xfe", b"Basic /////w==", b"Basic OjpgOg=="):
        for path in ("/token", "/introspect", "/revoke"):
            response = client.http.post(client.issuer + path, data=form, headers=[(b"authorization", header)])
            assert refusal(response, 401) == "invalid_client"


def test_trap_2_of_many_codes_redeemed_in_parallel_none_is_redeemed_twice(
    client: PortalClient, visitor: Visitor
) -> None:
    landings = [client.sign_in(visitor) for _ in range(15)]
    tries = [client.redemption(landing) for landing in landings for _ in range(3)]
    good = [response for response in client.at_once("/token", tries) if response.status_code == 200]
    assert len(good) <= len(landings)
    assert len({response.json()["access_token"] for response in good}) == len(good)
    # Each code was shown more than once, so nothing that came of any of them is worth anything.
    assert not any(client.active(Tokens(response.json()).access_token) for response in good)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
def test_trap_3_confidential_clients_need_pkce_too_and_plain_is_refused(
    client: PortalClient, visitor: Visitor, changes: dict[str, str | None]
) -> None:
    asked = client.ask(**changes)
    answer = client.landing(asked, client.authorize(visitor, asked)).parameters
    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("changes", [{"response_type": "token"}, {"scope": None}, {"request": "e30.e30."}])
def test_trap_4_early_errors_have_iss_and_state(
    client: PortalClient, visitor: Visitor, changes: dict[str, str | None]
) -> None:
    asked = client.ask(**changes)
    answer = client.landing(asked, client.authorize(visitor, asked)).parameters
    assert (answer["iss"], answer["state"]) == (client.issuer, asked.parameters["state"])


def test_trap_4_a_refresh_keeps_auth_time_acr_and_amr(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor)
    provider.clock.advance(100)
    second = Tokens(client.refresh(first.refresh_token).json())
    for of in ("id_token", "access_token"):
        before, after = (provider.read(str(one.answer[of]))[1] for one in (first, second))
        assert [after[name] for name in ("auth_time", "acr", "amr")] == [
            before[name] for name in ("auth_time", "acr", "amr")
        ]


def test_trap_5_every_token_names_its_key(provider: Provider, client_factory: ClientFactory, visitor: Visitor) -> None:
    published = {key["kid"] for key in provider.get("/jwks").json()["keys"]}
    for name in ("alpha", "plain"):
        tokens = client_factory(name).tokens(visitor)
        for token in (tokens.access_token, tokens.id_token):
            assert provider.read(token)[0]["kid"] in published


def test_trap_6_nothing_that_is_asked_is_ignored_silently(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    client.tokens(visitor)
    provider.clock.advance(11)
    assert "login-submit" in visitor.follow(client.authorize(visitor, max_age="10")).text
    assert "consent-allow" in visitor.follow(client.authorize(visitor, prompt="consent")).text
    for changes in ({"response_mode": "fragment"}, {"request": "x"}, {"request_uri": "x"}, {"max_age": "-1"}):
        asked = client.ask(**changes)
        assert "error" in client.landing(asked, client.authorize(visitor, asked)).parameters
    asked = client.ask()
    twice = visitor.get(f"{client.authorize_url(asked)}&nonce=another")
    assert client.landing(asked, twice).parameters["error"] == "invalid_request"


def test_trap_6_two_ways_of_authentication_at_once_are_refused(client: PortalClient) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up"}
    response = client.call("/token", form, headers={"authorization": "Basic YWxwaGE6YWxwaGE="})
    assert refusal(response) == "invalid_request"


def test_trap_7_what_is_missing_is_an_invalid_request_and_no_client_is_given_away(
    client: PortalClient, visitor: Visitor
) -> None:
    assert refusal(client.call("/token", {})) == "invalid_request"
    asked = client.ask(response_type=None)
    assert client.landing(asked, client.authorize(visitor, asked)).parameters["error"] == "invalid_request"
    stranger = client.assertion(iss="nobody", sub="nobody")
    forged = client.assertion(aud="https://else.example")
    texts = set()
    for assertion in (stranger, forged):
        response = client.call("/token", {"grant_type": "refresh_token", "client_assertion": assertion})
        assert refusal(response, 401) == "invalid_client"
        texts.add(response.json()["error_description"])
    assert len(texts) == 1


def test_trap_8_an_unknown_hint_is_ignored(client: PortalClient, visitor: Visitor) -> None:
    token = client.tokens(visitor).access_token
    assert client.introspect(token, token_type_hint="unheard-of").json()["active"] is True
    assert client.revoke(token, token_type_hint="unheard-of").status_code == 200
    assert not client.active(token)


def test_trap_8_only_an_id_token_is_an_id_token_hint(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    other = client.tokens(provider.visitor())
    client.revoke(other.refresh_token)
    [logout_token] = provider.logout_tokens("alpha", provider.read(other.id_token)[1]["sid"])
    home = client.registration.table["post_logout_redirect_uris"][0]
    for hint in (tokens.access_token, logout_token):
        response = client.end_session(visitor, id_token_hint=hint, post_logout_redirect_uri=home)
        assert home not in response.headers.get("location", "")
    assert client.active(tokens.access_token)


def test_trap_9_authlibs_logger_tells_no_tokens(client: PortalClient, visitor: Visitor) -> None:
    assert logging.getLogger("authlib").level == logging.WARNING
    assert not logging.getLogger("authlib.oauth2.rfc6749.grants.authorization_code").isEnabledFor(logging.DEBUG)


def test_trap_10_answers_made_at_the_same_time_are_not_mixed_up(provider: Provider, client: PortalClient) -> None:
    usernames = ["li.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan"]
    landings = [
        client.sign_in(provider.visitor(), username, resource=client.resource if number % 2 else None)
        for number, username in enumerate(usernames * 2)
    ]
    answers = client.at_once("/token", [client.redemption(landing) for landing in landings])
    subjects = set()
    for number, (landing, answer) in enumerate(zip(landings, answers, strict=True)):
        tokens = Tokens(answer.json())
        claims, access = provider.read(tokens.id_token)[1], provider.read(tokens.access_token)[1]
        assert claims["nonce"] == landing.asked.parameters["nonce"]
        assert access["aud"] == ([client.resource, provider.issuer] if number % 2 else provider.issuer)
        assert [claims[name] for name in ("sub", "sid", "acr")] == [access[name] for name in ("sub", "sid", "acr")]
        subjects.add(claims["sub"])
    assert len(subjects) == len(usernames)


def test_trap_11_addresses_come_from_the_issuer_and_not_from_the_host_header(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    spoofed = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    answer = client.call("/token", client.redemption(landing), headers=spoofed)
    assert provider.read(answer.json()["id_token"])[1]["iss"] == provider.issuer
    assert "evil.example" not in answer.text
