"""Two URIs name the same resource when RFC 3986 6.2.2 and 6.2.3 say so, query and fragment left out."""

from __future__ import annotations

import pytest

from web.uri import Resource, resource

TOKEN = Resource("https", "idp.example", 443, "/oauth/token")


@pytest.mark.parametrize(
    "spelled",
    [
        "https://idp.example/oauth/token",
        "HTTPS://IDP.Example/oauth/token",
        "https://idp.example:443/oauth/token",
        "https://idp.example:/oauth/token",
        "https://idp.example:0443/oauth/token",
        "https://idp.example/%6Fauth/%74oken",
        "https://idp.example/%6fauth/token",
        "https://idp.example/./oauth/x/../token",
        "https://idp.example/../oauth/%2E%2e/oauth/token",
        "https://idp.example/oauth/token?",
        "https://idp.example/oauth/token?a=b/c",
        "https://idp.example/oauth/token#d",
        "https://idp.example/oauth/token?a=b#c?d",
    ],
)
def test_another_spelling_is_the_same_resource(spelled: str) -> None:
    assert resource(spelled) == TOKEN


@pytest.mark.parametrize(
    "other",
    [
        "http://idp.example/oauth/token",
        "https://idp.example:8443/oauth/token",
        "https://idp.example:80/oauth/token",
        "https://idp.example./oauth/token",
        "https://www.idp.example/oauth/token",
        "https://idp.example/oauth/Token",
        "https://idp.example/oauth/token/",
        "https://idp.example/oauth//token",
        "https://idp.example/oauth%2Ftoken",
        "https://idp.example/oauth/token%3F",
        "https://idp.example",
    ],
)
def test_another_resource_is_not(other: str) -> None:
    assert resource(other) not in (TOKEN, None)


@pytest.mark.parametrize(
    "none",
    [
        "",
        "/oauth/token",
        "//idp.example/oauth/token",
        "ftp://idp.example/oauth/token",
        "https:/idp.example/oauth/token",
        "https:///oauth/token",
        "https://idp.example\\oauth\\token",
        "https://person@idp.example/oauth/token",
        "https://idp.example:443443/oauth/token",
        "https://idp.example:port/oauth/token",
        "https://idp.example:\u0664\u0664\u0663/oauth/token",
        "https://idp.example/oauth/%zz",
        "https://idp.example/oauth/%7",
        "https://idp.example/oauth/token\n",
        " https://idp.example/oauth/token",
        "https://idp.example/oauth/to\tken",
        "https://idp.example/oauth/令牌",
        "http\u017f://idp.example/oauth/token",
        "https://idp.example/oauth/\udcff",
        "https://[::1/oauth/token",
    ],
)
def test_what_is_no_http_uri_names_nothing(none: str) -> None:
    assert resource(none) is None


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("http://idp.example", "/"),
        ("http://idp.example?a", "/"),
        ("http://idp.example/..", "/"),
        ("http://idp.example/a/b/..", "/a/"),
        ("http://idp.example/a/.", "/a/"),
        ("http://idp.example/a//../b", "/a/b"),
        ("http://idp.example/.well-known/...", "/.well-known/..."),
        ("http://idp.example/%e4%ba%ac%2f%41%7e", "/%E4%BA%AC%2FA~"),
    ],
)
def test_the_path_has_one_spelling(uri: str, path: str) -> None:
    assert resource(uri) == ("http", "idp.example", 80, path)


def test_an_address_of_ipv6_is_a_host() -> None:
    assert resource("http://[::1]:8000/x") == ("http", "[::1]", 8000, "/x")
    assert resource("http://[FE80::A]/x") == ("http", "[fe80::a]", 80, "/x")
