"""client_secret_basic, client_secret_post and none: RFC 6749 2.3 and 5.2, RFC 7617 2, Core 9; protocol point 18."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from starlette.datastructures import Headers

from idp.errors import TokenRefusal
from idp.features import REGION
from idp.oauth.client_authentication import credentials
from tests.idp.provider import Provider
from tests.idp.token.certified import code_for, redeem, tokens
from tests.idp.token.conftest import authenticated
from tests.portal_client import ASSERTION_TYPE, PortalClient, basic, refusal
from tests.replaced import replace
from web.forms import Parameters

FORM = {"grant_type": "authorization_code", "code": "made-up"}


def _raw_basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("name", ["by-basic", "by-post", "by-key", "public"])
def test_a_client_authenticates_as_it_is_registered_and_redeems_its_code_core_9(certified: Provider, name: str) -> None:
    client = certified.client(name)
    answer = tokens(redeem(client, code_for(certified, client)))
    assert answer["token_type"] == "Bearer"
    assert authenticated(client)


@pytest.mark.parametrize("name", ["by-basic", "by-post"])
@pytest.mark.parametrize("wrong", ["", " ", "another", "{secret} ", "{secret}x", "\u5bc6\u7801", "x" * 9000])
def test_a_wrong_secret_is_refused_rfc6749_5_2(certified: Provider, name: str, wrong: str) -> None:
    client = certified.client(name)
    tried = wrong.replace("{secret}", client.registration.secret)
    if name == "by-post":
        assert not authenticated(client, client_secret=tried)
    else:
        response = client.call("/token", FORM, {"authorization": basic("by-basic", tried)})
        assert refusal(response, 401) == "invalid_client"


def test_user_and_password_are_form_urlencoded_rfc6749_2_3_1(certified: Provider) -> None:
    client = certified.client("by-basic")
    secret = client.registration.secret
    assert {" ", "+", "%", "&", "=", ":"} <= set(secret)
    by_percent = _raw_basic(f"{quote('by-basic', safe='')}:{quote(secret, safe='')}")
    every_byte = _raw_basic(":".join("".join(f"%{ord(one):02x}" for one in text) for text in ("by-basic", secret)))
    for header in (basic("by-basic", secret), by_percent, every_byte, by_percent.replace("Basic", "bASIC")):
        assert refusal(client.call("/token", FORM, {"authorization": header})) == "invalid_grant"
    # Taken as it stands, this secret is another one.
    assert refusal(client.call("/token", FORM, {"authorization": _raw_basic(f"by-basic:{secret}")}), 401)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!!",
        "Basic YTpi=",
        "Basic /////w==",
        _raw_basic("by-basic"),
        _raw_basic(":"),
        _raw_basic("by-basic:"),
        _raw_basic(":secret"),
        _raw_basic("by-basic:%ff%fe"),
        _raw_basic("%ff:secret"),
        _raw_basic("by-basic:%00"),
        _raw_basic("\u5e7f:\u5dde"),
        "Bearer abc",
        "DPoP abc",
    ],
)
def test_a_header_that_proves_nothing_is_answered_401_with_a_challenge_rfc6749_5_2(
    certified: Provider, header: str
) -> None:
    response = certified.client("by-basic").call("/token", FORM, {"authorization": header})
    assert refusal(response, 401) == "invalid_client"
    assert response.headers["www-authenticate"] == 'Basic realm="manyou"'


def test_a_challenge_is_for_those_who_tried_by_header_rfc6749_5_2(certified: Provider) -> None:
    response = certified.client("by-post").call("/token", {**FORM, "client_secret": "wrong"})
    assert refusal(response, 401) == "invalid_client"
    assert "www-authenticate" not in response.headers


def test_the_registered_method_alone_is_taken_rfc7591_2(certified: Provider) -> None:
    by_basic, by_post, public = (certified.client(name) for name in ("by-basic", "by-post", "public"))
    by_key = certified.client("by-key")
    secret = by_basic.registration.secret
    in_body: dict[str, str] = {**FORM, "client_id": "by-basic", "client_secret": secret}
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        (in_body, {}),
        ({**FORM, "client_id": "by-basic"}, {}),
        (FORM, {"authorization": basic("by-post", by_post.registration.secret)}),
        ({**FORM, "client_id": "by-post"}, {}),
        ({**FORM, "client_id": "by-key"}, {}),
        ({**FORM, "client_id": "by-key", "client_secret": "x"}, {}),
        ({**FORM, "client_id": "public", "client_secret": public.registration.secret}, {}),
        (FORM, {"authorization": basic("public", public.registration.secret)}),
        (FORM, {"authorization": basic("by-key", by_key.registration.secret)}),
        ({**FORM, **_assertion(by_key, iss="by-basic", sub="by-basic")}, {}),
        ({**FORM, **_assertion(by_key, iss="public", sub="public")}, {}),
    ]
    for form, headers in tries:
        response = by_basic.http.post(f"{certified.issuer}/token", data=form, headers=headers)
        assert refusal(response, 401) == "invalid_client", (form, headers)


def _assertion(client: PortalClient, **changes: Any) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": client.assertion(**changes)}


@pytest.mark.parametrize("name", ["by-basic", "by-post", "public"])
def test_in_the_region_no_such_method_is_taken_whatever_is_registered(certified: Provider, name: str) -> None:
    client, authenticator = certified.client(name), certified.parts.token_endpoint.client_authenticator
    request = Parameters(tuple(client.form({}).items())), Headers(client.headers("/token")), "/token"
    assert certified.run(authenticator.authenticated(*request)).client_id == name
    with pytest.raises(TokenRefusal) as refused:
        certified.run(replace(authenticator, features=REGION).authenticated(*request))
    assert (refused.value.code, refused.value.status) == ("invalid_client", 401)


def test_two_methods_at_once_are_refused_rfc6749_2_3(certified: Provider) -> None:
    client = certified.client("by-basic")
    header = {"authorization": basic("by-basic", client.registration.secret)}
    in_body = {"client_id": "by-basic", "client_secret": client.registration.secret}
    assertion = _assertion(certified.client("by-key"))
    for form, headers in (
        (in_body, header),
        (assertion, header),
        ({"client_assertion_type": ASSERTION_TYPE}, header),
        ({**assertion, "client_secret": "x"}, {}),
    ):
        response = client.http.post(f"{certified.issuer}/token", data={**FORM, **form}, headers=headers)
        assert refusal(response) == "invalid_request", form
    twice = [("authorization", header["authorization"])] * 2
    assert refusal(client.http.post(f"{certified.issuer}/token", data=FORM, headers=twice)) == "invalid_request"


def test_client_id_in_the_body_must_be_the_client_that_authenticates(certified: Provider) -> None:
    client = certified.client("by-basic")
    assert authenticated(client, client_id="by-basic")
    assert not authenticated(client, client_id="by-post")


def test_nobody_learns_by_text_which_clients_there_are_rfc6749_5_2(certified: Provider) -> None:
    client = certified.client("by-basic")
    ways = {
        "unknown client": {"authorization": basic("nobody", "made-up")},
        "wrong secret": {"authorization": basic("by-basic", "made-up")},
        "another method": {"authorization": basic("by-post", "made-up")},
        "no secret at all": {"authorization": basic("public", "made-up")},
    }
    answers = []
    for headers in ways.values():
        response = client.call("/token", FORM, headers)
        assert refusal(response, 401) == "invalid_client"
        answers.append((response.json()["error_description"], sorted(response.headers)))
    assert answers == [answers[0]] * len(ways)


def test_a_public_client_cannot_use_what_was_issued_to_another(certified: Provider) -> None:
    public, other = certified.client("public"), certified.client("by-basic")
    assert refusal(redeem(public, code_for(certified, other))) == "invalid_grant"
    assert refusal(redeem(other, code_for(certified, public))) == "invalid_grant"


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_the_methods_hold_at_every_endpoint_rfc7662_2_1_rfc7009_2_1(certified: Provider, path: str) -> None:
    for name in ("by-basic", "by-post", "by-key"):
        assert certified.client(name).call(path, {"token": "made-up"}).status_code == 200
    wrong = {"authorization": basic("by-basic", "wrong")}
    assert refusal(certified.client("by-basic").call(path, {"token": "made-up"}, wrong), 401) == "invalid_client"


def test_secrets_are_not_shown_when_credentials_are() -> None:
    shown = credentials(Parameters((("client_id", "a"), ("client_secret", "so secret"))), Headers())
    assert (shown.method, shown.client_id, shown.secret) == ("client_secret_post", "a", "so secret")
    assert "so secret" not in repr(shown)
