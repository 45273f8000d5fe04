"""After log-out the session is dead everywhere, and the portals of that session alone are told (Back-Channel 2.7)."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.listener import Received, Reply
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor

ClientFactory = Callable[[str], PortalClient]


def test_the_old_cookie_the_tokens_and_the_codes_of_the_session_are_dead(
    client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    cookie = visitor.http.cookies["manyou_session"]
    landing = client.sign_in(visitor)
    response = client.end_session(visitor, id_token_hint=tokens.id_token)
    assert any(one.startswith('manyou_session=""') for one in response.headers.get_list("set-cookie"))
    visitor.http.cookies.set("manyou_session", cookie, domain="idp.localhost", path="/")
    assert not signed_in(client, visitor)
    assert not client.active(tokens.access_token)
    assert client.userinfo(tokens.access_token).status_code == 401
    assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert client.exchange(landing).json()["error"] == "invalid_grant"


def test_every_portal_of_the_session_is_told_its_own_sid_and_no_other_session_ends(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    at_alpha, at_beta = alpha.tokens(visitor), beta.tokens(visitor)
    elsewhere = provider.visitor()
    other = alpha.tokens(elsewhere)
    alpha.end_session(visitor, id_token_hint=at_alpha.id_token)
    for client, tokens in ((alpha, at_alpha), (beta, at_beta)):
        claims = provider.read(tokens.id_token)[1]
        (told,) = provider.logout_tokens(client.client_id, claims["sid"])
        told_claims = provider.read(told)[1]
        assert (told_claims["sub"], told_claims["aud"]) == (claims["sub"], client.client_id)
    assert signed_in(alpha, elsewhere)
    assert alpha.active(other.access_token)


def test_the_page_shows_how_far_the_portals_were_told(client: PortalClient, visitor: Visitor, tokens: Tokens) -> None:
    page = client.end_session(visitor, id_token_hint=tokens.id_token)
    assert 'id="delivery-alpha"' in page.text


def test_offline_access_outlives_a_log_out_core_11(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor, scope="openid offline_access", prompt="consent")
    client.end_session(visitor, id_token_hint=tokens.id_token)
    assert not signed_in(client, visitor)
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_portal_that_does_not_answer_does_not_hold_up_the_person(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    answered = threading.Event()

    def slowly(received: Received) -> Reply:
        assert answered.wait(20)
        return Reply()

    provider.listener.replies["/backchannel-logout/alpha"] = slowly
    try:
        page = client.end_session(visitor, id_token_hint=tokens.id_token)
        assert 'id="delivery-alpha" class="delivery pending"' in page.text
        assert not signed_in(client, visitor)
    finally:
        answered.set()
        del provider.listener.replies["/backchannel-logout/alpha"]


def test_log_outs_are_kept_as_events_without_the_hint(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    client.end_session(visitor, id_token_hint=tokens.id_token, state="secret-state")
    (ended,) = provider.run(provider.parts.stores.audit.latest(1, "session.ended"))
    assert (ended.user_id, ended.at) == ("li.beijing", provider.clock())
    assert (ended.detail["reason"], ended.detail["clients"]) == ("logged_out", "alpha")
    for secret in (tokens.id_token, tokens.id_token.split(".")[2], "secret-state"):
        assert secret not in str(ended)
