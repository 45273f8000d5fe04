"""A client that moves to another host is in another sector from then on, for everybody and everywhere (Core 8.1)."""

from __future__ import annotations

from typing import Any

from tests.idp.authorize.answers import sent_to_client
from tests.idp.register.conftest import Registrar
from tests.idp.register.test_use import client_of, redeemed
from tests.portal_client import PortalClient
from tests.replaced import replace
from tests.visitor import Visitor

NEW = "https://new.example/callback"


def test_the_sub_is_the_new_sectors_in_a_session_from_before_too_core_8_1(registrar: Registrar) -> None:
    provider = registrar.provider
    path = "/backchannel-logout/moved"
    uri = f"http://moved.localhost:{provider.listener.port}{path}"
    client, told = client_of(registrar, redirect_uris=["https://old.example/callback"], backchannel_logout_uri=uri)

    def id_token(at: PortalClient, visitor: Visitor) -> tuple[str, dict[str, Any]]:
        token = redeemed(at, told, at.sign_in(visitor, scope="openid")).json()["id_token"]
        return token, provider.read(token)[1]

    visitor = provider.visitor()
    _, before = id_token(client, visitor)
    metadata = {"grant_types": told["grant_types"], "redirect_uris": [NEW], "backchannel_logout_uri": uri}
    assert registrar.put(told, **metadata).status_code == 200
    table = {**client.registration.table, "redirect_uris": [NEW]}
    moved = replace(client, registration=replace(client.registration, table=table))
    hint, after = id_token(moved, visitor)
    _, elsewhere = id_token(moved, provider.visitor())
    assert before["sub"] != after["sub"] == elsewhere["sub"]
    assert before["sid"] != after["sid"]
    answer = moved.authorize(visitor, scope="openid", prompt="none", id_token_hint=hint)
    assert "code" in sent_to_client(answer, NEW)
    # Whom it knew by the old sub has ended there, by that name.
    [received] = provider.listener.wait(path)
    ended = provider.read(received.form["logout_token"])[1]
    assert (ended["sub"], ended["sid"]) == (before["sub"], before["sid"])
