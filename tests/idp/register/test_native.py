"""Native applications: answers reach them at whichever port of loopback their system gave them (RFC 8252 7.3, 8.4)."""

from __future__ import annotations

import pytest

from tests.idp.authorize.answers import refused_on_a_page, sent_to_client
from tests.idp.register.conftest import Registrar
from tests.idp.register.test_use import client_of, redeemed
from tests.portal_client import PortalClient

LOOPBACK = "http://127.0.0.1/callback"
NATIVE = {"application_type": "native", "token_endpoint_auth_method": "none"}


def native(registrar: Registrar, *redirect_uris: str) -> PortalClient:
    """Return an application that registered these addresses."""
    return client_of(registrar, redirect_uris=list(redirect_uris), **NATIVE)[0]


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:51004/callback"),
        ("http://127.0.0.1:8765/callback?kept=1", "http://127.0.0.1:51004/callback?kept=1"),
        ("http://127.0.0.1:8765/callback", "http://127.0.0.1/callback"),
        ("http://[::1]/callback", "http://[::1]:61023/callback"),
        ("http://localhost:1", "http://localhost:65535"),
    ],
)
def test_any_port_of_a_registered_loopback_address_will_do_rfc8252_7_3(
    registrar: Registrar, registered: str, asked: str
) -> None:
    client, told = client_of(registrar, redirect_uris=[registered], **NATIVE)
    landing = client.sign_in(registrar.provider.visitor(), redirect_uri=asked)
    assert landing.redirect_uri.startswith(asked.partition("?")[0])
    answer = redeemed(client, told, landing)
    assert answer.status_code == 200, answer.text


def test_the_code_is_for_the_port_that_was_asked_for_rfc6749_4_1_3(registrar: Registrar) -> None:
    client = native(registrar, "http://127.0.0.1/callback")
    landing = client.sign_in(registrar.provider.visitor(), redirect_uri="http://127.0.0.1:51004/callback")
    form = {**client.redemption(landing), "redirect_uri": "http://127.0.0.1:51005/callback"}
    assert client.call("/token", form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004/Callback",
        "http://127.0.0.1:51004/callback?more=1",
        "http://127.0.0.1:51004/callback#part",
        "http://127.0.0.1:51004",
        "https://127.0.0.1:51004/callback",
        "http://localhost:51004/callback",
        "http://[::1]:51004/callback",
        "http://127.0.0.2:51004/callback",
        "http://127.0.0.1.stranger.example:51004/callback",
        "http://127.0.0.1:51004@stranger.example/callback",
        "http://person@127.0.0.1:51004/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:x/callback",
    ],
)
def test_nothing_but_the_port_may_differ_rfc8252_8_4(registrar: Registrar, asked: str) -> None:
    client = native(registrar, "http://127.0.0.1:8765/callback", "com.example.app:/callback")
    refused_on_a_page(client.authorize(registrar.provider.visitor(), redirect_uri=asked))


@pytest.mark.parametrize(
    ("registered", "asked", "application_type"),
    [
        ("http://127.0.0.1:8765/callback", "http://127.0.0.1:51004/callback", "web"),
        ("http://site.localhost:8765/callback", "http://site.localhost:51004/callback", "native"),
    ],
)
def test_a_web_application_and_a_name_below_localhost_have_the_port_that_they_registered(
    registrar: Registrar, registered: str, asked: str, application_type: str
) -> None:
    client, _ = client_of(registrar, redirect_uris=[registered], application_type=application_type)
    refused_on_a_page(client.authorize(registrar.provider.visitor(), redirect_uri=asked))


@pytest.mark.parametrize("uri", ["com.example.app:/callback", "com.example.app:///callback"])
def test_a_scheme_of_its_own_is_reached_as_it_was_registered_rfc8252_7_1(registrar: Registrar, uri: str) -> None:
    client = native(registrar, uri)
    response = client.authorize(registrar.provider.visitor(), prompt="none")
    assert response.headers["location"].startswith(f"{uri}?error=login_required&")


def test_an_application_that_others_can_pass_for_asks_each_time_rfc8252_8_6(registrar: Registrar) -> None:
    client = native(registrar, LOOPBACK)
    visitor = registrar.provider.visitor()
    client.sign_in(visitor)
    assert sent_to_client(client.authorize(visitor, prompt="none"), LOOPBACK)["error"] == "consent_required"
    assert 'id="consent-allow"' in visitor.follow(client.authorize(visitor)).text


def test_one_that_proves_who_it_is_does_not(registrar: Registrar) -> None:
    confidential = {**NATIVE, "token_endpoint_auth_method": "client_secret_basic"}
    client, _ = client_of(registrar, redirect_uris=[LOOPBACK], **confidential)
    visitor = registrar.provider.visitor()
    client.sign_in(visitor)
    assert "code" in sent_to_client(client.authorize(visitor, prompt="none"), LOOPBACK)
