"""Logout tokens as a client gets them: Back-Channel Logout 2.4; log-outs while a client is away."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler

import pytest

from tests.idp.conftest import ProviderFactory
from tests.idp.provider import Provider
from tests.listener import Reply
from tests.portal_client import PortalClient
from tests.visitor import Visitor


def test_a_logout_token_says_what_it_must_and_nothing_else_backchannel_2_4(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor)
    signed_in = provider.read(tokens.id_token)[1]
    client.end_session(visitor, id_token_hint=tokens.id_token)
    [token] = provider.logout_tokens("alpha", signed_in["sid"])
    header, claims = provider.read(token)
    now = int(provider.clock())
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")
    assert claims.pop("jti")
    assert claims == {
        "iss": provider.issuer,
        "aud": "alpha",
        "sub": signed_in["sub"],
        "sid": signed_in["sid"],
        "iat": now,
        "exp": now + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


def test_each_client_of_a_session_is_told_with_its_own_sid_and_sub_backchannel_2_1(
    provider: Provider, visitor: Visitor
) -> None:
    names = ("alpha", "beta", "by-consent")
    tokens = {name: provider.client(name).tokens(visitor) for name in names}
    claims = {name: provider.read(one.id_token)[1] for name, one in tokens.items()}
    assert len({one["sid"] for one in claims.values()}) == len({one["sub"] for one in claims.values()}) == 3
    provider.client("beta").end_session(visitor, id_token_hint=tokens["beta"].id_token)
    for name in names:
        [token] = provider.logout_tokens(name, claims[name]["sid"])
        told = provider.read(token)[1]
        assert (told["aud"], told["sub"]) == (name, claims[name]["sub"])


def test_another_persons_session_is_not_told_backchannel_2_7(provider: Provider, client: PortalClient) -> None:
    first, second = provider.visitor(), provider.visitor()
    ended, lives = client.tokens(first), client.tokens(second)
    client.end_session(first, id_token_hint=ended.id_token)
    provider.logout_tokens("alpha", provider.read(ended.id_token)[1]["sid"])
    assert client.active(lives.access_token)
    sid = provider.read(lives.id_token)[1]["sid"]
    sent = provider.listener.received("/backchannel-logout/alpha")
    assert sid not in {provider.read(one.form["logout_token"])[1]["sid"] for one in sent}


def test_a_client_that_hangs_holds_up_nobody_who_logs_out(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    hangs = threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        hangs.wait(20)
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    provider.listener.replies["/backchannel-logout/alpha"] = Reply(write=wait)
    try:
        tokens = client.tokens(visitor)
        response = client.end_session(visitor, id_token_hint=tokens.id_token)
        assert response.status_code == 200
        assert not hangs.is_set()
    finally:
        hangs.set()
        del provider.listener.replies["/backchannel-logout/alpha"]


@pytest.mark.parametrize("down", ["the client", "the provider"])
def test_a_log_out_reaches_a_client_after_whoever_was_down_is_back(make_provider: ProviderFactory, down: str) -> None:
    provider = make_provider()
    client, visitor = provider.client(), provider.visitor()
    tokens = client.tokens(visitor)
    sid = provider.read(tokens.id_token)[1]["sid"]
    provider.listener.replies["/backchannel-logout/alpha"] = Reply(503)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    provider.logout_tokens("alpha", sid)
    if down == "the provider":
        provider.restart()
    del provider.listener.replies["/backchannel-logout/alpha"]
    provider.clock.advance(60)
    first, second = provider.logout_tokens("alpha", sid, 2)
    # Made at the moment of sending, so that one that waited long is not expired when it comes.
    assert provider.read(second)[1]["iat"] == int(provider.clock())
    assert provider.read(first)[1]["jti"] != provider.read(second)[1]["jti"]
