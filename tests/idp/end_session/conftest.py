"""Somebody who is signed in at a client, and the address that it has registered for afterwards."""

from __future__ import annotations

import pytest

from tests.idp.authorize.answers import sent_to_client
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor


@pytest.fixture
def tokens(client: PortalClient, visitor: Visitor) -> Tokens:
    """What `alpha` got when li.beijing signed in with `visitor`."""
    return client.tokens(visitor)


@pytest.fixture
def onward(client: PortalClient) -> str:
    """The post_logout_redirect_uri of `alpha`."""
    return str(client.registration.table["post_logout_redirect_uris"][0])


def signed_in(client: PortalClient, visitor: Visitor) -> bool:
    """Tell whether the session lives, as prompt=none tells (Core 3.1.2.1)."""
    answer = sent_to_client(client.authorize(visitor, prompt="none"), client.redirect_uri)
    assert answer.get("error") in (None, "login_required")
    return "code" in answer
