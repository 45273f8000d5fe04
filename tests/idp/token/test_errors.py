"""Errors of the endpoints that a client calls, and input of every wrong kind: protocol point 4, RFC 6749 5.2."""

from __future__ import annotations

import string
from urllib.parse import quote_plus

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.idp.provider import Provider
from tests.portal_client import ASSERTION_TYPE, PortalClient, refusal

CLIENT_PATHS = ("/token", "/introspect", "/revoke")
PATHS = (*CLIENT_PATHS, "/userinfo")
FORM = "application/x-www-form-urlencoded"


def _post(client: PortalClient, path: str, body: bytes, content_type: str | None = FORM) -> httpx.Response:
    headers = {} if content_type is None else {"content-type": content_type}
    return client.http.post(client.issuer + path, content=body, headers=headers)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password", "username": "li.beijing", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}, "unsupported_grant_type"),
        ({"grant_type": "授权码"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x" * 9000}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "授权码"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": 'a"b\\c'}, "invalid_grant"),
    ],
)
def test_a_token_request_that_cannot_be_met_is_answered_400_with_its_code_rfc6749_5_2(
    client: PortalClient, parameters: dict[str, str | None], error: str
) -> None:
    assert refusal(client.call("/token", parameters)) == error


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_token_is_needed_rfc7662_2_1_rfc7009_2_1(client: PortalClient, path: str) -> None:
    assert refusal(client.call(path, {})) == "invalid_request"
    assert refusal(client.call(path, {"token": ""})) == "invalid_request"


@pytest.mark.parametrize("path", CLIENT_PATHS)
def test_a_repeated_parameter_is_refused_rfc6749_3_2(client: PortalClient, path: str) -> None:
    for name in ("grant_type", "token", "code", "client_assertion", "anything"):
        body = f"{name}=a&{name}=b&client_assertion_type={quote_plus(ASSERTION_TYPE)}"
        assert refusal(_post(client, path, body.encode())) == "invalid_request"


@pytest.mark.parametrize("path", CLIENT_PATHS)
def test_unknown_parameters_are_ignored_rfc6749_3_2(client: PortalClient, path: str) -> None:
    parameters = {"grant_type": "authorization_code", "code": "made-up", "token": "made-up", "unheard_of": "1"}
    response = client.call(path, parameters)
    assert refusal(response) == "invalid_grant" if path == "/token" else response.status_code == 200


@pytest.mark.parametrize("path", CLIENT_PATHS)
def test_only_post_is_allowed_and_the_query_is_not_read_rfc6749_3_2(client: PortalClient, path: str) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        response = client.http.request(method, client.issuer + path)
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
    assert refusal(_post(client, f"{path}?grant_type=authorization_code&token=x", b"")) == "invalid_request"


@pytest.mark.parametrize("path", CLIENT_PATHS)
@pytest.mark.parametrize(
    "content_type", [None, "application/json", "multipart/form-data; boundary=x", "text/plain", "\xff", "application/"]
)
def test_another_content_type_is_refused_rfc6749_3_2(client: PortalClient, path: str, content_type: str | None) -> None:
    response = client.http.post(
        client.issuer + path,
        content=b'{"grant_type":"authorization_code"}',
        headers=[] if content_type is None else [(b"content-type", content_type.encode("latin-1"))],
    )
    assert refusal(response, 415) == "invalid_request"


def test_a_charset_beside_the_content_type_is_fine(client: PortalClient) -> None:
    response = _post(client, "/token", b"grant_type=refresh_token", f"{FORM.upper()}; charset=UTF-8")
    assert refusal(response, 401) == "invalid_client"


BAD_BODIES = {
    "not utf-8": b"grant_type=%ff%fe",
    "not ascii": "grant_type=授权".encode(),
    "raw bytes": bytes(range(128, 256)),
    "null": b"grant_type=a%00b",
    "control": b"grant_type=a%1bb",
    "delete": b"grant_type=a%7fb",
    "overlong utf-8": b"grant_type=%c0%80",
    "surrogate in utf-8": b"grant_type=%ed%a0%80",
    "control in a name": b"gr%01ant=a",
    "many": b"&".join(b"a%d=1" % number for number in range(300)),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", list(BAD_BODIES))
def test_a_body_that_cannot_be_read_is_refused_rfc6749_appendix_b(client: PortalClient, path: str, name: str) -> None:
    assert refusal(_post(client, path, BAD_BODIES[name])) == "invalid_request"


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_too_large_is_refused(client: PortalClient, path: str) -> None:
    assert refusal(_post(client, path, b"code=" + b"x" * 70_000), 413) == "invalid_request"


@pytest.mark.parametrize("path", CLIENT_PATHS)
@pytest.mark.parametrize("body", [b"", b"&", b"&&&=&", b"=", b"=a", b"grant_type", b"a=1;b=2"])
def test_an_empty_body_is_an_invalid_request(client: PortalClient, path: str, body: bytes) -> None:
    assert refusal(_post(client, path, body)) == "invalid_request"


def test_an_errors_reason_is_in_the_log_under_its_number_and_holds_no_secret(
    provider: Provider, client: PortalClient
) -> None:
    assertion = client.assertion(aud="https://else.example")
    code = "a-code-that-nobody-issued-0123456789"
    response = client.call("/token", {"grant_type": "authorization_code", "code": code, "client_assertion": assertion})
    incident = response.json()["incident"]
    [event] = provider.run(provider.parts.stores.audit.latest(5, None, incident))
    assert event.event == "client.refused"
    assert "claim" in event.detail["reason"]
    assert code not in str(event)
    assert assertion.split(".")[2] not in str(event)


NAMES = st.sampled_from(
    ["grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource", "client_id",
     "client_assertion", "client_assertion_type", "client_secret", "token", "token_type_hint", "access_token"]
)  # fmt: skip
KNOWN = st.sampled_from(
    ["authorization_code", "refresh_token", "access_token", ASSERTION_TYPE, "alpha", "openid", "e30.e30.e30"]
)
VALUES = st.one_of(KNOWN, st.text(max_size=60), st.text(string.printable, max_size=60))
OUGHT = {200, 400, 401, 413, 415}


def _fuzz() -> settings:
    return settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def _without_surrogates(text: str) -> bytes:
    return quote_plus(text.encode("utf-8", "replace")).encode()


@pytest.mark.parametrize("path", PATHS)
def test_no_form_is_answered_by_an_internal_error(client: PortalClient, path: str) -> None:
    @_fuzz()
    @given(pairs=st.lists(st.tuples(NAMES, VALUES), max_size=6), signed=st.booleans())
    def sent(pairs: list[tuple[str, str]], signed: bool) -> None:
        body = b"&".join(name.encode() + b"=" + _without_surrogates(value) for name, value in pairs)
        if signed:
            credentials = {"client_assertion": client.assertion(), "client_assertion_type": ASSERTION_TYPE}
            body += "".join(f"&{name}={quote_plus(value)}" for name, value in credentials.items()).encode()
        response = _post(client, path, body)
        assert response.status_code in OUGHT, (response.status_code, body)
        assert response.headers["content-type"] == "application/json"
        response.json()

    sent()


@pytest.mark.parametrize("path", PATHS)
def test_no_body_is_answered_by_an_internal_error(client: PortalClient, path: str) -> None:
    @_fuzz()
    @given(body=st.binary(max_size=200))
    def sent(body: bytes) -> None:
        response = _post(client, path, body)
        assert response.status_code in OUGHT, (response.status_code, body)
        response.json()

    sent()
