"""What may be asked for: scopes (RFC 6749 3.3, Core 5.4, 11) and one API of the client's own (RFC 8707 2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.idp.authorize.answers import sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor


def test_scopes_that_are_unknown_or_not_registered_are_left_out_rfc6749_3_3(
    client_factory: Callable[[str], PortalClient], visitor: Visitor
) -> None:
    plain = client_factory("plain")
    assert plain.tokens(visitor, scope="openid email unheard_of").answer["scope"] == "openid"


@pytest.mark.parametrize(
    "scope", ["unheard_of", "email", "openid  profile", "openid,profile", "\u8303\u56f4", 'open"id']
)
def test_nothing_to_grant_is_invalid_scope_rfc6749_4_1_2_1(
    scope: str, client_factory: Callable[[str], PortalClient], visitor: Visitor
) -> None:
    plain = client_factory("plain")
    assert sent_to_client(plain.authorize(visitor, scope=scope), plain.redirect_uri)["error"] == "invalid_scope"


def test_offline_access_without_prompt_consent_is_dropped_core_11(client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor, scope="openid offline_access")
    assert tokens.answer["scope"] == "openid"


@pytest.mark.parametrize("prompt", [None, "login", "none"])
def test_offline_access_alone_leaves_nothing_to_grant_without_prompt_consent_rfc6749_3_3(
    prompt: str | None, client: PortalClient, signed_in: Visitor
) -> None:
    response = client.authorize(signed_in, scope="offline_access", prompt=prompt)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_scope"


def test_a_request_without_scope_is_told_so_rfc6749_3_3(client: PortalClient, signed_in: Visitor) -> None:
    response = client.authorize(signed_in, scope=None)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_scope"


def test_offline_access_with_prompt_consent_is_asked_for_and_granted_core_11(
    client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, scope="openid offline_access", prompt="consent")
    assert set(tokens.answer["scope"].split()) == {"openid", "offline_access"}


def test_a_resource_of_the_client_is_the_audience_with_the_issuer_rfc8707_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    tokens = client.tokens(visitor, resource=client.resource)
    assert provider.read(tokens.access_token)[1]["aud"] == [client.resource, client.issuer]


def test_without_resource_the_issuer_alone_is_the_audience(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    assert provider.read(client.tokens(visitor).access_token)[1]["aud"] == client.issuer


@pytest.mark.parametrize(
    "change", [lambda uri: uri + "/", lambda uri: uri[:-1], lambda uri: uri + "#x", lambda uri: "api"]
)
def test_a_resource_that_the_client_is_not_registered_for_is_invalid_target_rfc8707_2(
    change: Callable[[str], str], client: PortalClient, signed_in: Visitor
) -> None:
    response = client.authorize(signed_in, resource=change(client.resource))
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_target"


def test_another_portals_resource_is_invalid_target_rfc8707_2(
    client: PortalClient, client_factory: Callable[[str], PortalClient], signed_in: Visitor
) -> None:
    response = client.authorize(signed_in, resource=client_factory("beta").resource)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_target"


def test_two_resources_are_invalid_target_and_one_named_twice_is_one(
    client_factory: Callable[[str], PortalClient], visitor: Visitor
) -> None:
    beta = client_factory("beta")
    beta.sign_in(visitor)
    own, shared = beta.registration.table["resources"]
    url = beta.authorize_url(beta.ask(resource=own))
    assert "code" in sent_to_client(visitor.get(f"{url}&resource={own}"), beta.redirect_uri)
    answer = sent_to_client(visitor.get(f"{url}&resource={shared}"), beta.redirect_uri)
    assert answer["error"] == "invalid_target"
