"""Which addresses tell clients of a log-out through the browser: Front-Channel Logout 1.0, 2 and 3."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.clients import Clients
from idp.model import Client, SignIn
from idp.oauth.frontchannel_logout import logout_frames
from tests.idp.oauth.checker import NOW
from tests.replaced import replace

ISSUER = "https://idp.example"
URI = "https://rp.example/frontchannel"


def sign_in(client: Client, sid: str = "a sid") -> SignIn:
    return SignIn(sid, "session", client.client_id, "person", "sub", NOW, NOW)


@pytest.fixture(scope="module")
def client(clients: Clients) -> Client:
    """A client that is told nothing through the browser."""
    return next(iter(clients))


def frames(client: Client, **registered: object) -> list[str]:
    """Return the frames for one sign-in at a client that is registered so."""
    changed: Client = replace(client, **registered)  # type: ignore[arg-type]
    return logout_frames(ISSUER, {client.client_id: changed}, [sign_in(changed)])


def test_a_client_that_requires_the_session_is_told_iss_and_sid_frontchannel_3(client: Client) -> None:
    named = urlencode({"iss": ISSUER, "sid": "a sid"})
    told = frames(client, frontchannel_logout_uri=URI, frontchannel_logout_session_required=True)
    assert told == [f"{URI}?{named}"]
    with_query = frames(client, frontchannel_logout_uri=f"{URI}?a=1", frontchannel_logout_session_required=True)
    assert with_query == [f"{URI}?a=1&{named}"]


def test_another_one_is_told_neither_frontchannel_2(client: Client) -> None:
    assert frames(client, frontchannel_logout_uri=URI) == [URI]
    assert frames(client, frontchannel_logout_uri=f"{URI}?a=1") == [f"{URI}?a=1"]


def test_a_client_that_registered_none_or_is_there_no_more_has_no_frame(client: Client) -> None:
    assert frames(client, frontchannel_logout_session_required=True) == []
    assert logout_frames(ISSUER, {}, [sign_in(client)]) == []


def test_each_sign_in_is_told_with_its_own_sid(client: Client) -> None:
    requires = replace(client, frontchannel_logout_uri=URI, frontchannel_logout_session_required=True)
    told = logout_frames(ISSUER, {client.client_id: requires}, [sign_in(client, "one"), sign_in(client, "two")])
    assert [one.rpartition("=")[2] for one in told] == ["one", "two"]
