"""Who may ask about tokens (RFC 7662 2.1)."""

from __future__ import annotations

import asyncio

import pytest

from idp.clients import Clients
from idp.errors import TokenRefusal
from idp.oauth.introspection import Introspection
from idp.oauth.request import BridgedClient, BridgedRequest, Loaded
from tests.idp.oauth.checker import NOW
from tests.replaced import replace
from web.forms import Parameters


def test_a_client_that_cannot_prove_who_it_is_may_not_ask_rfc7662_2_1(clients: Clients) -> None:
    beijing = asyncio.run(clients.find("beijing"))
    assert beijing is not None
    public = BridgedClient(replace(beijing, token_endpoint_auth_method="none"))
    request = BridgedRequest("https://idp.example/introspect", Parameters((("token", "x"),)), Loaded(NOW, public))
    with pytest.raises(TokenRefusal) as refused:
        Introspection(None).authenticate_token(request, public)
    assert (refused.value.code, refused.value.status) == ("invalid_client", 401)
