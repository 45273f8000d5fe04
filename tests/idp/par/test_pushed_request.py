"""Which parameters of a push count (RFC 9126 2.1, 3)."""

from __future__ import annotations

import asyncio

import pytest

from idp.clients import Clients
from idp.errors import TokenRefusal
from idp.model import Client
from idp.oauth.pushed_request import pushed
from idp.oauth.registration import load_clients
from idp.settings import Settings
from web.forms import Parameters

CREDENTIALS = (("client_assertion_type", "type"), ("client_assertion", "e30.e30."), ("client_secret", "secret"))


@pytest.fixture(scope="module")
def beijing() -> Client:
    """A client that has authenticated itself."""
    found = asyncio.run(Clients(load_clients(Settings())).find("beijing"))
    assert found is not None
    return found


def test_what_proves_the_client_is_no_part_of_its_request_rfc9126_2_1(beijing: Client) -> None:
    asked = (("client_id", "beijing"), ("scope", "openid"), ("resource", "a"), ("resource", "b"))
    incoming = pushed(beijing, Parameters((*CREDENTIALS, *asked)), "key")
    assert incoming.parameters.pairs == asked
    assert (incoming.client, incoming.dpop_jkt, incoming.was_pushed) == (beijing, "key", True)
    assert (incoming.source, incoming.opened, incoming.pushed) == ("plain", False, None)


def test_beside_a_request_object_nothing_counts_rfc9126_3(beijing: Client) -> None:
    beside = (("client_id", "beijing"), ("scope", "openid"), ("state", "outside"))
    incoming = pushed(beijing, Parameters((*CREDENTIALS, *beside, ("request", "e30.e30.c2ln"))), None)
    assert incoming.parameters.pairs == (("request", "e30.e30.c2ln"),)


def test_client_id_may_be_in_the_request_object_alone_rfc9126_3(beijing: Client) -> None:
    assert pushed(beijing, Parameters((("request", "e30.e30.c2ln"),)), None).client == beijing
    with pytest.raises(TokenRefusal) as refused:
        pushed(beijing, Parameters((("scope", "openid"),)), None)
    assert refused.value.code == "invalid_request"


def test_a_request_uri_beside_a_request_object_is_refused_too_rfc9126_2_1(beijing: Client) -> None:
    with pytest.raises(TokenRefusal) as refused:
        pushed(beijing, Parameters((("request", "e30.e30.c2ln"), ("request_uri", "urn:x"))), None)
    assert refused.value.code == "invalid_request"
