"""What client metadata may be: each member wrong in each way, and each rule between members (RFC 7591 2, 3.2.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from idp.oauth.client_metadata import Terms
from idp.oauth.client_metadata_shapes import ENCRYPTION, FLAGS, LISTS, TAGGED, TEXTS, URIS, WORDS, BadMetadata
from tests.idp.register.metadata import FAPI2, FULL, MINIMAL, OPERATOR, SITE, STRANGER, VISITOR, accepted
from tests.replaced import replace

ENUMERATIONS = (*WORDS, "grant_types", "response_types", "default_acr_values")
URI_LISTS = ("redirect_uris", "post_logout_redirect_uris", "request_uris")


def wrong_values() -> Iterator[tuple[str, Any]]:
    """Yield every member with a value that is wrong in one way."""
    for name in FLAGS:
        yield from ((name, value) for value in ("true", 1, [], {}, [True]))
    for name in (*WORDS, *TEXTS, *URIS):
        yield from ((name, value) for value in (7, True, ["x"], {"x": 1}, "", "  ", "x" * 10_001, "a\x00b", "\ud800"))
    for name in LISTS:
        yield from (
            (name, value)
            for value in ("x", 7, True, {"x": 1}, [], [""], [7], [None], [["x"]], ["x" * 10_001], ["a\nb"], ["\udfff"])
        )
        yield name, [FULL[name][0]] * 2
        yield name, [f"{SITE}/{number}" for number in range(10_000)]
    for name in (*URIS, *URI_LISTS):
        for uri in WRONG_URIS:
            yield name, [uri] if name in URI_LISTS else uri
    for name in ENUMERATIONS:
        for word in ("unknown", "non-ASCII é", "none ", "CODE"):
            yield name, [word] if name in LISTS else word
    yield from (("default_max_age", value) for value in (-1, 1.5, "10", True, [10], 2**31, 10**30))
    yield from (("jwks", value) for value in ("keys", [], {}, {"keys": {}}, {"keys": []}, {"keys": ["x"]}))
    yield from ((name, value) for name in ENCRYPTION for value in ("RSA-OAEP", "", 7))


WRONG_URIS = (
    "http://site.example/plain",
    "ftp://site.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "site.example/path",
    "/path",
    "https://",
    "https://person@site.example/",
    "https://person:secret@site.example/",
    "https://*.site.example/",
    "https://site.example:port/",
    "https://site.example:0/",
    "https://site.example:65536/",
    "https://[::1/",
    "https://[::zz]/",
    "https://[:::1]/",
    "https://site.example/a b",
    'https://site.example/"quoted"',
    "https://site.example\\@other.example/",
    "https://sité.example/",
    "https://site.example/é",
    f"https://{'a' * 64}.example/",
    f"https://site.example/{'a' * 2000}",
)


def refusal(name: str, value: Any) -> BadMetadata:
    try:
        accepted(FULL, **{name: value})
    except BadMetadata as refused:
        return refused
    raise AssertionError(f"{name}={str(value)[:80]!r} was taken")


def test_every_member_wrong_in_each_way_is_refused_with_its_code_rfc7591_3_2_2() -> None:
    assert accepted(FULL)
    for name, value in wrong_values():
        refused = refusal(name, value)
        code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
        assert refused.code == code, f"{name}={str(value)[:80]!r}: {refused.text}"
        # A sentence that names the member, of what error_description may hold (RFC 6749 5.2).
        assert name in refused.text, f"{name}={str(value)[:80]!r}: {refused.text}"
        assert all(0x20 <= ord(char) <= 0x7E and char not in '"\\' for char in refused.text), refused.text


@pytest.mark.parametrize("statement", ["e30.e30.c2ln", "", 7, {}])
@pytest.mark.parametrize("terms", [STRANGER, OPERATOR], ids=["stranger", "operator"])
def test_a_software_statement_is_neither_believed_nor_passed_over_rfc7591_2_3(statement: Any, terms: Terms) -> None:
    with pytest.raises(BadMetadata, match="software_statement") as refused:
        accepted(MINIMAL, terms, software_statement=statement)
    assert refused.value.code == "unapproved_software_statement"


def test_no_member_is_left_out_of_that_table() -> None:
    members = {*FLAGS, *WORDS, *TEXTS, *URIS, *LISTS, "default_max_age", "jwks"}
    assert {name for name, _ in wrong_values()} == {*members, *ENCRYPTION}
    assert {name.partition("#")[0] for name in FULL} | {"jwks_uri"} == members


@pytest.mark.parametrize("name", URIS)
@pytest.mark.parametrize("terms", [STRANGER, OPERATOR], ids=["stranger", "operator"])
def test_no_uri_but_that_of_a_request_object_has_a_fragment_rfc6749_3_1_2(name: str, terms: Terms) -> None:
    table = FULL if terms is STRANGER else {**FULL, "legal_basis": "consent", "sector_identifier_uri": None}
    for fragment in ("#", "#part"):
        with pytest.raises(BadMetadata, match=name):
            accepted(table, terms, **{name: f"{SITE}/x{fragment}"})
    for listed in ("redirect_uris", "post_logout_redirect_uris"):
        with pytest.raises(BadMetadata, match=listed):
            accepted(table, terms, **{listed: [f"{SITE}/x#part"]})
    assert accepted(table, terms, request_uris=[f"{SITE}/x#part"])["request_uris"] == [f"{SITE}/x#part"]


def test_what_is_left_out_has_the_default_of_its_specification() -> None:
    assert accepted(MINIMAL) == {
        **MINIMAL,
        "profile": "oidc",
        "application_type": "web",
        "subject_type": "pairwise",
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic",  # RFC 7591 2
        "id_token_signed_response_alg": "RS256",  # OpenID Registration 2
        "scope": "openid profile phone email address offline_access",
    }


def test_unknown_members_are_left_out_and_null_is_as_good_as_nothing_rfc7591_2_rfc7592_2_2() -> None:
    extra = {"x_unknown": {"deep": [1]}, "client_id": "mine", "client_secret": "mine"}
    assert accepted({**MINIMAL, **extra, "logo_uri": None}) == accepted(MINIMAL)


def test_what_only_the_operator_can_say_is_an_unknown_member_of_strangers() -> None:
    entries = {"resources": 7, "legal_basis": "legal_duty", "require_pkce": "x", "client_secret_sha256": "0" * 64}
    assert accepted({**MINIMAL, **entries}) == accepted(MINIMAL)


@pytest.mark.parametrize("name", TAGGED)
def test_languages_are_tags_checked_and_bounded_rfc7591_2_2(name: str) -> None:
    value = FULL[name]
    assert accepted(MINIMAL, **{f"{name}#zh-Hans-CN": value})[f"{name}#zh-Hans-CN"] == value
    for tag in ("", "x", "zh_CN", "zh-", "1a", "zh#en", "é"):
        with pytest.raises(BadMetadata, match=f"^{name} "):
            accepted(MINIMAL, **{f"{name}#{tag}": value})
    with pytest.raises(BadMetadata, match=f"^{name} "):
        accepted(MINIMAL, **{f"{name}#fr": 7})
    with pytest.raises(BadMetadata, match="languages"):
        accepted(MINIMAL, **{f"{name}#aa-{number}": value for number in range(21)})


@pytest.mark.parametrize(
    ("response_types", "grant_types"),
    [
        (["code"], ["authorization_code"]),
        (["id_token"], ["implicit"]),
        (["token id_token"], ["implicit"]),
        (["code id_token"], ["authorization_code", "implicit"]),
        (["code token"], ["authorization_code", "implicit"]),
        (["code id_token token"], ["authorization_code", "implicit"]),
        (["code", "id_token"], ["authorization_code", "implicit"]),
    ],
)
def test_grant_types_and_response_types_agree_openid_registration_2(
    response_types: list[str], grant_types: list[str]
) -> None:
    assert accepted(MINIMAL, response_types=response_types)["grant_types"] == grant_types
    assert accepted(MINIMAL, response_types=response_types, grant_types=grant_types[::-1])
    renewing = [*grant_types, "refresh_token"]
    if "authorization_code" in grant_types:
        assert accepted(MINIMAL, response_types=response_types, grant_types=renewing)
    else:
        with pytest.raises(BadMetadata, match="grant_types"):
            accepted(MINIMAL, response_types=response_types, grant_types=renewing)
    for other in (["authorization_code"], ["implicit"], ["authorization_code", "implicit"], ["refresh_token"]):
        if set(other) != set(grant_types):
            with pytest.raises(BadMetadata, match="grant_types"):
                accepted(MINIMAL, response_types=response_types, grant_types=other)


@pytest.mark.parametrize("response_type", ["token", "none", "code code", "code  id_token", " code"])
def test_response_types_that_there_are_not_cannot_be_registered(response_type: str) -> None:
    with pytest.raises(BadMetadata, match="response_types"):
        accepted(MINIMAL, response_types=[response_type])


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8000/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:9/callback",
        "http://shop.localhost/callback",
    ],
)
def test_a_web_application_lives_on_loopback_in_the_demonstration_alone_openid_registration_2(uri: str) -> None:
    assert accepted(MINIMAL, VISITOR, redirect_uris=[uri])
    for refused in (uri, uri.replace("http:", "https:")):
        with pytest.raises(BadMetadata, match="redirect_uris"):
            accepted(MINIMAL, STRANGER, redirect_uris=[refused])


@pytest.mark.parametrize("name", [name for name in URIS if name != "frontchannel_logout_uri"])
def test_http_is_for_loopback_in_the_demonstration_and_for_the_operator(name: str) -> None:
    loopback, elsewhere = "http://shop.localhost:9/x", "http://shop.example/x"
    assert accepted(MINIMAL, VISITOR, **{name: loopback})[name] == loopback
    for terms, uri in ((VISITOR, elsewhere), (STRANGER, loopback), (STRANGER, elsewhere)):
        with pytest.raises(BadMetadata, match=f"^{name} must begin with https://"):
            accepted(MINIMAL, terms, **{name: uri})


def test_an_operators_client_keeps_no_secret_that_it_could_sign_with() -> None:
    with pytest.raises(BadMetadata, match=r"^token_endpoint_auth_method must be one that does with the hash"):
        accepted(MINIMAL, OPERATOR, legal_basis="consent", token_endpoint_auth_method="client_secret_jwt")


def test_on_fapi_2_http_is_for_loopback_in_the_demonstration_also_by_the_operator_fapi2_5_3_2_2() -> None:
    mine, demo = {**FAPI2, "legal_basis": "consent"}, replace(OPERATOR, demo=True)
    loopback, elsewhere = ["http://shop.localhost/callback"], ["http://shop.example/callback"]
    assert accepted(mine, demo, redirect_uris=loopback)
    for terms, uris in ((demo, elsewhere), (OPERATOR, loopback), (OPERATOR, elsewhere)):
        with pytest.raises(BadMetadata, match=r"FAPI 2\.0") as refused:
            accepted(mine, terms, redirect_uris=uris)
        assert refused.value.code == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/callback",
        "com.example.app://callback",
        "com.example:callback",
        "http://localhost:8/callback",
        "http://[::1]/",
    ],
)
def test_a_native_application_has_its_own_scheme_or_http_on_loopback_openid_registration_2(uri: str) -> None:
    native = {"application_type": "native", "token_endpoint_auth_method": "none"}
    table = accepted(MINIMAL, redirect_uris=[uri], post_logout_redirect_uris=[uri], **native)
    assert table["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    "uri",
    [
        f"{SITE}/callback",
        "https://localhost/callback",
        "http://site.example/callback",
        "app:/callback",  # RFC 8252 8.4: no dot, nobody's domain
        "com.example.app:/callback#part",
        "http://localhost/#part",
        "com.exämple:/callback",
    ],
)
def test_a_native_application_has_no_other_address_openid_registration_2(uri: str) -> None:
    with pytest.raises(BadMetadata, match="redirect_uris") as refused:
        accepted(MINIMAL, redirect_uris=[uri], application_type="native")
    assert refused.value.code == "invalid_redirect_uri"
    with pytest.raises(BadMetadata, match="post_logout_redirect_uris"):
        accepted(MINIMAL, redirect_uris=["com.example:/x"], post_logout_redirect_uris=[uri], application_type="native")


def test_a_frontchannel_logout_uri_shares_the_origin_of_a_redirect_uri_frontchannel_2() -> None:
    same = "https://SITE.example:443/out"
    assert accepted(MINIMAL, frontchannel_logout_uri=same)["frontchannel_logout_uri"] == same
    for other in ("https://site.example:8443/out", "https://other.example/out"):
        with pytest.raises(BadMetadata, match="frontchannel_logout_uri"):
            accepted(MINIMAL, frontchannel_logout_uri=other)
    # A scheme of an application's own has no origin at all.
    native = {"application_type": "native", "redirect_uris": ["com.example.app:/callback"]}
    with pytest.raises(BadMetadata, match="frontchannel_logout_uri"):
        accepted(MINIMAL, frontchannel_logout_uri=same, **native)


@pytest.mark.parametrize(
    "need",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"request_object_signing_alg": "ES256"},
        {"require_signed_request_object": True},
    ],
    ids=str,
)
def test_who_signs_has_jwks_or_jwks_uri_and_nobody_both_rfc7591_2(need: dict[str, Any]) -> None:
    with pytest.raises(BadMetadata, match="jwks"):
        accepted(MINIMAL, **need)
    assert accepted(MINIMAL, jwks=FULL["jwks"], **need)
    assert accepted(MINIMAL, jwks_uri=f"{SITE}/jwks", **need)
    with pytest.raises(BadMetadata, match="jwks"):
        accepted(MINIMAL, jwks=FULL["jwks"], jwks_uri=f"{SITE}/jwks")


def test_scopes_that_strangers_cannot_have_are_left_out_and_the_answer_shows_it_rfc7591_3_2_1() -> None:
    assert accepted(MINIMAL, scope="openid id_number real_name email unheard-of")["scope"] == "openid email"
    for without in ("email", "id_number", "openid2"):
        with pytest.raises(BadMetadata, match="scope"):
            accepted(MINIMAL, scope=without)


def test_the_profile_fapi2_implies_what_it_asks_for() -> None:
    table = accepted(FAPI2)
    assert table["require_pushed_authorization_requests"] is True
    assert table["dpop_bound_access_tokens"] is True
    assert table["token_endpoint_auth_method"] == "private_key_jwt"
    assert table["id_token_signed_response_alg"] == "ES256"


@pytest.mark.parametrize(
    "contradiction",
    [
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "none"},
        {"response_types": ["code id_token"]},
        {"response_types": ["code", "id_token"]},
        {"token_endpoint_auth_signing_alg": "RS256"},
        {"id_token_signed_response_alg": "RS256"},
        {"userinfo_signed_response_alg": "RS256"},
        {"request_object_signing_alg": "RS256"},
        {"authorization_signed_response_alg": "RS256"},
        {"require_pushed_authorization_requests": False},
        {"dpop_bound_access_tokens": False},
        {"redirect_uris": ["http://site.example/callback"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("terms", [STRANGER, OPERATOR], ids=["stranger", "operator"])
def test_what_contradicts_the_profile_fapi2_is_refused_fapi_2_5_3_2(
    contradiction: dict[str, Any], terms: Terms
) -> None:
    [name] = contradiction
    assert accepted(FAPI2, terms, legal_basis="consent")
    with pytest.raises(BadMetadata, match=f"^{name} "):
        accepted(FAPI2, terms, legal_basis="consent", **contradiction)


def test_a_fapi2_client_of_the_demonstration_may_live_on_loopback_without_tls() -> None:
    loopback = {"redirect_uris": ["http://beijing.localhost:8001/callback"], "legal_basis": "consent"}
    assert accepted(FAPI2, Terms(OPERATOR.features, demo=True, operator=True), **loopback)
    with pytest.raises(BadMetadata, match="redirect_uris"):
        accepted(FAPI2, OPERATOR, **loopback)


def test_what_is_registered_is_json_again() -> None:
    assert json.loads(json.dumps(accepted(FULL), ensure_ascii=False).encode()) == accepted(FULL)
