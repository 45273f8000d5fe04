"""The Client that comes of what was registered: what strangers cannot have, and what is done to their words."""

from __future__ import annotations

from typing import Any

import pytest

from idp.model import Client, RegisteredClient
from idp.oauth.claims import bases
from idp.oauth.client_metadata import Terms
from idp.oauth.registered_client import ANY_ALG, registered_client
from tests.idp.register.metadata import FAPI2, FULL, KEYS, MINIMAL, SITE, STRANGER, accepted


def client(table: dict[str, Any] = MINIMAL, terms: Terms = STRANGER, **metadata: Any) -> Client:
    return registered_client(RegisteredClient("c1", accepted(table, terms, **metadata), "hash", 0, 0.0, "secret"))


def test_every_field_has_the_registered_value() -> None:
    full = client(FULL)
    assert full.registered
    assert full.client_name == {"": "Une boutique", "zh-Hans": "小店"}
    assert full.redirect_uris == tuple(FULL["redirect_uris"])
    assert full.post_logout_redirect_uris == tuple(FULL["post_logout_redirect_uris"])
    assert full.request_uris == tuple(FULL["request_uris"])
    assert full.policy_uri == {"": f"{SITE}/policy", "fr": f"{SITE}/politique"}
    assert (full.logo_uri, full.tos_uri) == ({"": f"{SITE}/logo.png"}, {"": f"{SITE}/terms"})
    assert full.default_acr_values == ("urn:manyou:loa:2",)
    assert full.scope == {"openid", "profile", "email"}
    assert full.secret_hash == "secret"
    same = (
        "client_uri", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "id_token_signed_response_alg",
        "userinfo_signed_response_alg", "request_object_signing_alg", "authorization_signed_response_alg", "jwks",
        "default_max_age", "require_auth_time", "initiate_login_uri", "backchannel_logout_uri",
        "frontchannel_logout_uri", "frontchannel_logout_session_required", "require_signed_request_object",
        "require_pushed_authorization_requests", "dpop_bound_access_tokens", "profile", "application_type",
    )  # fmt: skip
    assert {name: getattr(full, name) for name in same} == {name: FULL[name] for name in same}


def test_who_registered_no_algorithm_may_use_any_openid_registration_2() -> None:
    silent = client(token_endpoint_auth_method="private_key_jwt", jwks=KEYS)
    assert silent.token_endpoint_auth_signing_alg == ANY_ALG == ""


def test_a_stranger_has_no_api_and_the_person_decides_on_everything_pipl_13() -> None:
    stranger = client(resources=["https://beijing.example/api"], legal_basis="legal_duty")
    assert stranger.resources == ()
    assert set(bases(stranger, stranger.scope).values()) == {"consent"}


def test_pkce_is_the_duty_of_public_clients_and_of_the_profile_rfc9700_2_1_1() -> None:
    assert client(token_endpoint_auth_method="none").require_pkce
    assert client(FAPI2).require_pkce
    assert not client().require_pkce


@pytest.mark.parametrize(
    ("redirect_uris", "application_type", "name", "address"),
    [
        ([f"{SITE}:8443/callback?x=1"], "web", "site.example", f"{SITE}:8443"),
        (["com.example.app:/callback"], "native", "com.example.app", "/"),
        (["com.example.app:/callback", "http://[::1]:9/x"], "native", "[::1]", "http://[::1]:9"),
    ],
)
def test_who_does_not_say_a_name_is_called_by_where_it_lives(
    redirect_uris: list[str], application_type: str, name: str, address: str
) -> None:
    unnamed = client(redirect_uris=redirect_uris, application_type=application_type)
    assert (unnamed.name("zh-CN"), unnamed.client_uri) == (name, address)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202eevil\u202c shop", "evil shop"),
        ("a\u2066b\u2069c\u200ed\u061ce", "abcde"),
        ("many    \u00a0 spaces\u3000here", "many spaces here"),
        ("x" * 200, "x" * 79 + "…"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # A template's to escape.
        ("می‌خواهم", "می‌خواهم"),  # A joiner that the language needs.
        ("\u202e\u202c", "site.example"),
    ],
)
def test_a_name_cannot_turn_or_push_away_the_words_around_it(name: str, shown: str) -> None:
    assert client(client_name=name).name("en") == shown
    assert client(**{"client_name#en": name}).name("en") == shown
