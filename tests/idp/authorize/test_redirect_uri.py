"""redirect_uri is compared character by character, and what does not match is never redirected to (RFC 9700 2.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.idp.authorize.answers import refused_on_a_page, sent_to_client
from tests.portal_client import PortalClient
from tests.visitor import Visitor

CHANGES: dict[str, Callable[[str], str]] = {
    "a trailing slash": lambda uri: uri + "/",
    "upper case in the path": lambda uri: uri.replace("callback", "Callback"),
    "upper case in the host": lambda uri: uri.replace("alpha", "ALPHA"),
    "upper case in the scheme": lambda uri: uri.replace("http:", "HTTP:"),
    "another scheme": lambda uri: uri.replace("http:", "https:"),
    "a fragment": lambda uri: uri + "#here",
    "an empty fragment": lambda uri: uri + "#",
    "a query": lambda uri: uri + "?next=/",
    "an empty query": lambda uri: uri + "?",
    "user information": lambda uri: uri.replace("http://", "http://person@"),
    "another host after an at sign": lambda uri: uri + "@stranger.example/",
    "another port": lambda uri: uri.replace("/callback", "0/callback"),
    "no port": lambda uri: uri[: uri.rindex(":")] + "/callback",
    "another path": lambda uri: uri.replace("/callback", "/elsewhere"),
    "a deeper path": lambda uri: uri + "/deeper",
    "a path that leads back": lambda uri: uri.replace("/callback", "/x/../callback"),
    "an encoded letter": lambda uri: uri.replace("/callback", "/c%61llback"),
    "a backslash": lambda uri: uri.replace("/callback", "\\callback"),
    "a space after it": lambda uri: uri + " ",
    "a line after it": lambda uri: uri + "\r\nset-cookie: x=1",
    "a stranger": lambda uri: "https://stranger.example/callback",
    "a stranger that begins like it": lambda uri: uri.replace("alpha.localhost", "alpha.localhost.stranger.example"),
    "an address without a scheme": lambda uri: uri.removeprefix("http:"),
    "a script": lambda uri: "javascript:alert(1)",
    "only its path": lambda uri: "/callback",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_redirect_uri_that_differs_is_a_page_and_never_a_redirect_core_3_1_2_1(
    change: str, client: PortalClient, signed_in: Visitor
) -> None:
    response = client.authorize(signed_in, redirect_uri=CHANGES[change](client.redirect_uri))
    page = refused_on_a_page(response)
    assert "//stranger.example" not in page


def test_a_missing_redirect_uri_is_a_page_although_the_client_has_registered_one_core_3_1_2_1(
    client: PortalClient, signed_in: Visitor
) -> None:
    refused_on_a_page(client.authorize(signed_in, redirect_uri=None))


@pytest.mark.parametrize(
    "query", ["kept=2", "kept=1&kept=1", "more=1&kept=1", "kept=1&more=1", "KEPT=1", "kept=%31", ""]
)
def test_the_query_of_a_registered_redirect_uri_is_part_of_the_match(
    query: str, client: PortalClient, signed_in: Visitor
) -> None:
    registered = str(client.registration.table["redirect_uris"][1])
    refused_on_a_page(client.authorize(signed_in, redirect_uri=registered.replace("kept=1", query)))


def test_a_registered_query_comes_back_with_the_answer_added_rfc6749_4_1_2(
    client: PortalClient, signed_in: Visitor
) -> None:
    registered = str(client.registration.table["redirect_uris"][1])
    answer = sent_to_client(client.authorize(signed_in, redirect_uri=registered), registered)
    assert answer["kept"] == "1"
    assert set(answer) == {"kept", "code", "state", "iss"}
    refusal = sent_to_client(client.authorize(signed_in, redirect_uri=registered, scope="x"), registered)
    assert (refusal["kept"], refusal["error"]) == ("1", "invalid_scope")


def test_another_clients_redirect_uri_is_a_page(
    client: PortalClient, client_factory: Callable[[str], PortalClient], signed_in: Visitor
) -> None:
    refused_on_a_page(client.authorize(signed_in, redirect_uri=client_factory("beta").redirect_uri))


@pytest.mark.parametrize("client_id", [None, "nobody", "Alpha", "alpha ", "../alpha", "alpha\u200b", "x" * 5000])
def test_an_unknown_client_is_a_page_and_never_a_redirect_rfc6749_4_1_2_1(
    client_id: str | None, client: PortalClient, signed_in: Visitor
) -> None:
    refused_on_a_page(client.authorize(signed_in, client_id=client_id))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_who_asks_and_where_to_go_may_be_said_only_once(name: str, client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask()
    again = f"{client.authorize_url(asked)}&{name}={asked.parameters[name]}"
    refused_on_a_page(signed_in.get(again))
    refused_on_a_page(signed_in.get(f"{client.authorize_url(asked)}&{name}=https://stranger.example/"))
