"""The log tells the operator why a client, a code or a refresh token was refused, and its answer does not."""

from __future__ import annotations

import httpx
from joserfc.jwk import ECKey

from idp.audit import Event
from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor


def reason(provider: Provider, response: httpx.Response, name: Event = Event.TOKEN_REFUSED) -> str:
    [event] = provider.run(provider.parts.stores.audit.latest(1, name))
    assert response.json()["error"] == ("invalid_client" if name is Event.CLIENT_REFUSED else "invalid_grant")
    assert event.incident == response.json()["incident"]
    return str(event.detail["reason"])


def test_why_a_code_was_refused(
    provider: Provider, client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor)
    assert "no such code" in reason(provider, client.exchange(landing, code="made-up"))
    assert "the code was issued to alpha" in reason(provider, client_factory("beta").exchange(landing))
    tokens = Tokens(client.exchange(landing).json())
    late, ended = client.sign_in(visitor), client.sign_in(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert "the code was redeemed before" in reason(provider, client.exchange(landing))
    assert "the sign-in of this code has ended" in reason(provider, client.exchange(ended))
    late = client.sign_in(visitor)
    provider.clock.advance(60)
    assert "the code has expired" in reason(provider, client.exchange(late))


def test_why_a_refresh_token_was_refused(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    assert "no such refresh token" in reason(provider, client.refresh("made-up"))
    tokens = client.tokens(visitor)
    assert client.refresh(tokens.refresh_token).status_code == 200
    assert "the refresh token was used before" in reason(provider, client.refresh(tokens.refresh_token))
    ended = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=ended.id_token)
    assert "its grant is revoked" in reason(provider, client.refresh(ended.refresh_token))
    late = client.tokens(visitor, scope="openid offline_access", prompt="consent")
    provider.clock.advance(30 * 86400)
    assert "the refresh token has expired" in reason(provider, client.refresh(late.refresh_token))


def test_why_a_client_was_refused(provider: Provider, client: PortalClient) -> None:
    other = ECKey.generate_key("P-256")
    for assertion, why in (
        (client.assertion(iss="nobody", sub="nobody"), "There is no such client."),
        (client.assertion(header={"kid": "unknown"}), "The client has published no such key."),
        (client.assertion(key=other), "The signature of the assertion is not good."),
        (client.assertion(aud="https://else.example"), "A claim of the assertion is not good: aud."),
        (client.assertion(jti="\ud800"), "jti of the assertion is not good."),
        (client.assertion(exp=int(client.clock()) + 3632), "exp of the assertion is too far away."),
    ):
        response = client.call("/token", {"grant_type": "refresh_token", "client_assertion": assertion})
        assert reason(provider, response, Event.CLIENT_REFUSED) == why
