"""A portal's [client] table becomes a client, or one sentence that says what to change (RFC 7591 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.features import CERTIFICATION
from idp.oauth.client_metadata import Terms
from idp.oauth.registration import client_from
from idp.oauth.secret_hash import hash_of, matches
from web.addresses import BadPortalFile, PortalFile

ADDRESS = "https://portal.example"
TABLE: dict[str, Any] = {
    "client_name": "门户",
    "client_name#en": "Portal",
    "client_uri": ADDRESS,
    "redirect_uris": [f"{ADDRESS}/callback"],
    "post_logout_redirect_uris": [f"{ADDRESS}/"],
    "backchannel_logout_uri": f"{ADDRESS}/backchannel-logout",
    "jwks_uri": f"{ADDRESS}/jwks",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "id_token_signed_response_alg": "ES256",
    "subject_type": "pairwise",
    "scope": "openid profile",
    "resources": [f"{ADDRESS}/api"],
    "legal_basis": "legal_duty",
}


def portal(**changed: Any) -> PortalFile:
    table = {name: value for name, value in {**TABLE, **changed}.items() if value is not None}
    return PortalFile(Path("portals/fifth"), "fifth", ADDRESS, 443, {"client": table})


def test_a_good_table_becomes_a_client() -> None:
    client = client_from(portal())
    assert client.client_id == "fifth"
    assert (client.name("zh-CN"), client.name("en"), client.name("fr")) == ("门户", "Portal", "门户")
    assert client.redirect_uris == (f"{ADDRESS}/callback",)
    assert client.scope == {"openid", "profile"}
    # Its own even where two portals share a host: they belong to different governments (Core 8.1).
    assert client.sector_identifier == "fifth"
    assert client.require_pkce
    assert client.legal_basis == "legal_duty"


def test_what_is_left_out_has_the_default_of_its_specification() -> None:
    client = client_from(
        portal(
            id_token_signed_response_alg=None, grant_types=None, response_types=None, scope=None, resources=None,
            post_logout_redirect_uris=None, backchannel_logout_uri=None,
        )
    )  # fmt: skip
    assert client.id_token_signed_response_alg == "RS256"  # OpenID Registration 2
    assert client.grant_types == ("authorization_code",)  # RFC 7591 2
    assert client.response_types == ("code",)
    assert client.scope == {"openid"}
    assert (client.resources, client.post_logout_redirect_uris, client.backchannel_logout_uri) == ((), (), None)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"redirect_uris": None}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": f"{ADDRESS}/callback"}, "redirect_uris"),
        ({"redirect_uris": [7]}, "redirect_uris"),
        # Core 3.1.2.1, RFC 6749 3.1.2: no fragment.
        ({"redirect_uris": [f"{ADDRESS}/callback#part"]}, "redirect_uris"),
        ({"redirect_uris": [f"{ADDRESS}/callback#"]}, "redirect_uris"),
        ({"redirect_uris": ["/callback"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": ["data:text/html,hello"]}, "redirect_uris"),
        ({"redirect_uris": ["portal.example/callback"]}, "redirect_uris"),
        ({"redirect_uris": [f"{ADDRESS}/callback", "https://other.example/callback"]}, "host"),
        ({"redirect_uris": ["https://*.portal.example/callback"]}, "redirect_uris"),
        ({"redirect_uris": ["https://person@portal.example/callback"]}, "redirect_uris"),
        ({"redirect_uris": ["https://portal.example/call back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://portal.example:port/callback"]}, "redirect_uris"),
        ({"redirect_uris": ["https://[portal/callback"]}, "redirect_uris"),
        ({"post_logout_redirect_uris": ["ftp://portal.example/"]}, "post_logout_redirect_uris"),
        ({"post_logout_redirect_uris": f"{ADDRESS}/"}, "post_logout_redirect_uris"),
        ({"backchannel_logout_uri": f"{ADDRESS}/logout#x"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": "portal.example"}, "backchannel_logout_uri"),
        ({"initiate_login_uri": "javascript:1"}, "initiate_login_uri"),
        ({"client_uri": "portal.example"}, "client_uri"),
        ({"resources": ["api"]}, "resources"),
        ({"resources": f"{ADDRESS}/api"}, "resources"),
        ({"jwks_uri": None}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks_uri": None, "jwks": "keys"}, "jwks"),
        ({"token_endpoint_auth_method": None}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_signing_alg": "HS256"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "none"}, "token_endpoint_auth_signing_alg"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
        ({"response_types": ["token"]}, "response_types"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"grant_types": "authorization_code"}, "grant_types"),
        ({"subject_type": "public"}, "subject_type"),
        ({"scope": "openid everything"}, "scope"),
        ({"scope": ["openid"]}, "scope"),
        ({"legal_basis": None}, "legal_basis"),
        ({"legal_basis": "curiosity"}, "legal_basis"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence_that_names_file_and_entry(changed: dict[str, Any], names: str) -> None:
    with pytest.raises(BadPortalFile) as refused:
        client_from(portal(**changed))
    assert str(refused.value).startswith("portals/fifth/portal.toml: ")
    assert names in str(refused.value)


WIDER = Terms(CERTIFICATION, demo=True, operator=True)


def test_a_portal_on_fapi2_is_held_to_it_by_one_entry() -> None:
    client = client_from(portal(profile="fapi2"))
    assert client.fapi2
    assert (client.require_pushed_authorization_requests, client.dpop_bound_access_tokens) == (True, True)
    assert client.require_pkce
    assert (
        client_from(portal(profile="fapi2", id_token_signed_response_alg=None)).id_token_signed_response_alg == "ES256"
    )


def test_a_secret_stands_in_the_file_as_its_hash_alone() -> None:
    entries = {"token_endpoint_auth_method": "client_secret_basic", "client_secret_sha256": hash_of("a secret")}
    client = client_from(portal(**entries), WIDER)
    assert matches("a secret", client.secret_hash)
    assert not matches("another", client.secret_hash)
    with pytest.raises(BadPortalFile, match="client_secret_sha256 takes its hash"):
        client_from(portal(**entries, client_secret="a secret"), WIDER)
    for wrong in (None, "a secret", "0" * 63, "G" * 64):
        with pytest.raises(BadPortalFile, match="client_secret_sha256"):
            client_from(portal(**{**entries, "client_secret_sha256": wrong}), WIDER)
    with pytest.raises(BadPortalFile, match="client_secret_sha256"):
        client_from(portal(client_secret_sha256=hash_of("a secret")), WIDER)


def test_pkce_can_be_left_to_a_client_only_where_not_all_must_have_it_rfc9700_2_1_1() -> None:
    assert not client_from(portal(require_pkce=False), WIDER).require_pkce
    with pytest.raises(BadPortalFile, match="require_pkce"):
        client_from(portal(require_pkce=False))
    with pytest.raises(BadPortalFile, match="require_pkce"):
        client_from(portal(require_pkce=False, profile="fapi2"), WIDER)


def test_a_portal_is_a_sector_of_its_own_whatever_its_table_says() -> None:
    with pytest.raises(BadPortalFile, match="sector_identifier_uri"):
        client_from(portal(sector_identifier_uri=f"{ADDRESS}/sector.json"))


def test_what_only_the_wider_set_of_features_has_is_refused_in_the_region() -> None:
    for entries in (
        {"token_endpoint_auth_method": "none"},
        {"response_types": ["code id_token"], "grant_types": ["authorization_code", "implicit"]},
        {"userinfo_signed_response_alg": "ES256"},
        {"request_object_signing_alg": "ES256"},
        {"authorization_signed_response_alg": "ES256"},
        {"require_signed_request_object": True},
    ):
        assert client_from(portal(**entries), WIDER)
        with pytest.raises(BadPortalFile, match=next(iter(entries))):
            client_from(portal(**entries))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("look", {"colour": "red; } body { display: none"}),
        ("look", {"tint": 7}),
        ("look", "blue"),
        ("short", "text"),
        ("region", {"order": "first"}),
    ],
)
def test_what_pages_show_of_a_portal_is_checked_too_since_colours_go_into_a_style_element(
    name: str, table: object
) -> None:
    with pytest.raises(BadPortalFile) as refused:
        client_from(PortalFile(Path("portals/fifth"), "fifth", ADDRESS, 443, {"client": TABLE, name: table}))
    assert f"[{name}]" in str(refused.value)


@pytest.mark.parametrize("table", [None, "text", [1]])
def test_a_file_without_a_client_table_says_where_the_entries_are_listed(table: object) -> None:
    with pytest.raises(BadPortalFile, match="add-a-portal"):
        client_from(PortalFile(Path("portals/fifth"), "fifth", ADDRESS, 443, {"client": table}))
