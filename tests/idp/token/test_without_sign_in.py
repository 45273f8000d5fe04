"""A grant whose sign-in has ended is worth nothing, also where it was not revoked with it (Back-Channel Logout 2.7)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.endpoints.browser import SESSION_COOKIE
from idp.model import SignIn
from idp.oauth.refresh_token import RefreshGrant
from idp.oauth.request import BridgedClient, BridgedRequest, Loaded
from idp.oauth.secret_hash import hash_of
from idp.people.sessions import session_id_of
from idp.people.sign_outs import Reason
from tests.idp.provider import Provider
from tests.idp.token.certified import code_for, redeem, refresh, tokens
from tests.portal_client import PortalClient, refusal
from tests.replaced import replace
from web.forms import Parameters

WHO = "li.beijing"


@pytest.fixture
def client(certified: Provider) -> PortalClient:
    return certified.client("by-basic")


@pytest.fixture
def session_id(certified: Provider) -> str:
    """A session that lives; the grants of these tests name sign-ins in it that are not there."""
    visitor = certified.visitor()
    visitor.log_in(visitor.get("/login"), WHO)
    return session_id_of(visitor.http.cookies[SESSION_COOKIE])


@pytest.mark.parametrize("offline", [False, True])
def test_an_access_token_rests_on_its_sign_in_unless_it_is_for_offline_access(
    certified: Provider, client: PortalClient, session_id: str, offline: bool
) -> None:
    answer = tokens(redeem(client, code_for(certified, client, session_id=session_id, offline=offline)))
    assert client.active(answer["access_token"]) is offline


def test_an_access_token_of_a_sign_in_that_has_ended_is_not_active(
    certified: Provider, client: PortalClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_ins, now = certified.parts.stores.sign_ins, certified.clock()
    sign_in = SignIn("sid", session_id, client.client_id, WHO, "sub", now, now)

    def found(sign_in: SignIn) -> Any:
        async def get(sid: str) -> SignIn:
            return sign_in

        return get

    answer = tokens(redeem(client, code_for(certified, client, session_id=session_id, offline=False)))
    monkeypatch.setattr(sign_ins, "get", found(sign_in))
    assert client.active(answer["access_token"])
    monkeypatch.setattr(sign_ins, "get", found(replace(sign_in, ended_at=now)))
    assert not client.active(answer["access_token"])


def test_an_access_token_of_a_grant_that_is_not_known_is_not_active(
    certified: Provider, client: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens(redeem(client, code_for(certified, client)))["access_token"]
    assert client.active(token)

    async def nothing(grant_id: str) -> None:
        return None

    monkeypatch.setattr(certified.parts.stores.grants, "get", nothing)
    assert not client.active(token)


def test_a_code_of_a_session_that_is_not_there_is_not_redeemed(certified: Provider, client: PortalClient) -> None:
    assert refusal(redeem(client, code_for(certified, client, session_id="none", offline=False))) == "invalid_grant"


@pytest.mark.parametrize("offline", [False, True])
def test_a_refresh_token_rests_on_its_session_unless_it_is_for_offline_access(
    certified: Provider, client: PortalClient, session_id: str, offline: bool
) -> None:
    answer = tokens(redeem(client, code_for(certified, client, session_id=session_id, offline=offline)))
    certified.run(certified.parts.sign_outs.session(session_id, WHO, Reason.LOGGED_OUT))
    assert client.active(answer["refresh_token"]) is offline
    response = refresh(client, answer["refresh_token"])
    assert response.status_code == 200 if offline else refusal(response) == "invalid_grant"


@pytest.mark.parametrize(
    ("ended", "offline", "taken"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_a_refresh_token_is_not_even_looked_at_further_where_its_sign_in_has_ended(
    certified: Provider, client: PortalClient, session_id: str, ended: bool, offline: bool, taken: bool
) -> None:
    answer = tokens(redeem(client, code_for(certified, client, session_id=session_id, offline=offline)))
    parts, run = certified.parts, certified.run
    token = run(parts.stores.grants.by_refresh_token(hash_of(answer["refresh_token"])))
    loaded = Loaded(
        certified.clock(),
        BridgedClient(run(parts.clients.find(client.client_id))),
        refresh_token=replace(token, sign_in_ended=ended),
        person=run(parts.stores.people.by_id(WHO)),
    )
    request = BridgedRequest(f"{certified.issuer}/token", Parameters(()), loaded)
    found = RefreshGrant(request, None).authenticate_refresh_token(answer["refresh_token"])
    assert (found is not None) is taken
