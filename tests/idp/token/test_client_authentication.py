"""private_key_jwt: Core 9, RFC 7523 3, RFC 7521 4.2, RFC 6749 2.3 and 5.2; protocol point 18."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from idp.oauth.client_assertion import LONGEST_ASSERTION
from tests.idp.conftest import ClientFactory
from tests.idp.odd_tokens import ODD_NAMES, compact, odd_tokens, segment
from tests.idp.provider import Provider
from tests.idp.token.conftest import authenticated
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor

LEEWAY = 30


@pytest.mark.parametrize("audience", ["{issuer}", "{issuer}/token", ["{issuer}"], ["https://else.example", "{issuer}"]])
def test_the_issuer_and_the_token_endpoint_are_good_audiences_core_9(client: PortalClient, audience: Any) -> None:
    filled = _fill(audience, client.issuer)
    assert authenticated(client, client.assertion(aud=filled))


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        [],
        "{issuer}/",
        "{issuer}/userinfo",
        "{issuer}/introspect",
        "{issuer}/token/",
        "alpha",
        ["https://else.example"],
        {"aud": "{issuer}"},
        7,
        [["{issuer}"]],
    ],
)
def test_other_audiences_are_refused_rfc7523_3(client: PortalClient, audience: Any) -> None:
    assert not authenticated(client, client.assertion(aud=_fill(audience, client.issuer)))


def _fill(audience: Any, issuer: str) -> Any:
    if isinstance(audience, list):
        return [_fill(one, issuer) for one in audience]
    return audience.replace("{issuer}", issuer) if isinstance(audience, str) else audience


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"exp": -LEEWAY + 1}, True),
        ({"exp": -LEEWAY}, False),
        ({"iat": LEEWAY}, True),
        ({"iat": LEEWAY + 1}, False),
        ({"nbf": LEEWAY}, True),
        ({"nbf": LEEWAY + 1}, False),
        ({"exp": 3600 + LEEWAY}, True),
        ({"exp": 3601 + LEEWAY}, False),
        ({"exp": 60, "iat": -86400}, True),
    ],
)
def test_times_may_be_thirty_seconds_off_and_a_life_an_hour_long_rfc7523_3(
    client: PortalClient, claims: dict[str, int], good: bool
) -> None:
    now = int(client.clock())
    shifted: dict[str, Any] = {name: now + seconds for name, seconds in claims.items()}
    assert authenticated(client, client.assertion(**shifted)) is good


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "{now}"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"iat": "now"},
        {"iat": float("nan")},
        {"nbf": []},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": ["a"]},
        {"jti": "x" * 257},
        {"jti": "\ud800"},
        {"iss": None},
        {"iss": "beta"},
        {"iss": ["alpha"]},
        {"sub": None},
        {"sub": "beta"},
        {"sub": ["alpha"]},
        {"sub": ""},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": "\ud800", "iss": "\ud800"},
        {"sub": "ALPHA", "iss": "ALPHA"},
    ],
    ids=repr,
)
def test_missing_and_odd_claims_are_refused_rfc7523_3(client: PortalClient, claims: dict[str, Any]) -> None:
    assert not authenticated(client, client.assertion(**claims))


def test_an_assertion_that_is_good_but_too_long_is_refused(client: PortalClient) -> None:
    assert authenticated(client, client.assertion(filler="x" * 2000))
    assert not authenticated(client, client.assertion(filler="x" * LONGEST_ASSERTION))


def test_a_jti_works_once_rfc7523_3(client: PortalClient, client_factory: ClientFactory) -> None:
    assertion = client.assertion(jti="the-same")
    assert authenticated(client, assertion)
    assert not authenticated(client, assertion)
    assert not authenticated(client, client.assertion(jti="the-same"))
    # jti is each client's own.
    assert authenticated(client_factory("beta"), client_factory("beta").assertion(jti="the-same"))


def test_a_jti_is_used_up_whatever_became_of_the_request_and_at_every_endpoint_rfc7523_3(client: PortalClient) -> None:
    for path, parameters in (
        ("/token", {"grant_type": "refresh_token", "refresh_token": "made-up"}),
        ("/token", {"grant_type": "authorization_code"}),
        ("/introspect", {"token": "made-up"}),
        ("/revoke", {"token": "made-up"}),
    ):
        assertion = client.assertion()
        assert client.call(path, {**parameters, "client_assertion": assertion}).status_code in (200, 400)
        assert not authenticated(client, assertion)


def test_a_replayed_assertion_redeems_no_code_and_burns_none_rfc7523_3(client: PortalClient, visitor: Visitor) -> None:
    landing = client.sign_in(visitor)
    assertion = client.assertion()
    assert authenticated(client, assertion)
    assert refusal(client.exchange(landing, client_assertion=assertion), 401) == "invalid_client"
    assert client.exchange(landing).status_code == 200


def test_of_twenty_uses_of_one_assertion_at_once_one_counts_rfc7523_3(client: PortalClient) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up", "client_assertion": client.assertion()}
    errors = [response.json()["error"] for response in client.at_once("/token", [form] * 20)]
    assert sorted(errors) == ["invalid_client"] * 19 + ["invalid_grant"]


def test_an_assertion_that_was_refused_uses_up_nobodys_jti(client: PortalClient) -> None:
    forged = client.assertion(jti="guessed", key=ECKey.generate_key("P-256"))
    assert not authenticated(client, forged)
    assert authenticated(client, client.assertion(jti="guessed"))


@pytest.mark.parametrize("name", ["signs-rs256", "signs-ps256", "signs-eddsa"])
def test_a_client_signs_with_the_algorithm_that_it_registered_and_no_other_registration_2(
    shared_other: Provider, name: str
) -> None:
    client = shared_other.client(name)
    assert authenticated(client)
    assert not authenticated(client, client.assertion(header={"alg": "ES256"}, key=ECKey.generate_key("P-256")))


def test_rs256_and_ps256_are_not_taken_for_each_other_registration_2(shared_other: Provider) -> None:
    client = shared_other.client("signs-rs256")
    assert not authenticated(client, client.assertion(header={"alg": "PS256"}, key=_without_alg(client)))


def _without_alg(client: PortalClient) -> Any:
    parts = client.registration.key.as_dict(private=True)
    return type(client.registration.key).import_key({name: one for name, one in parts.items() if name != "alg"})


def test_hs256_with_the_public_key_as_secret_is_refused_rfc8725_3_1(client: PortalClient) -> None:
    public = client.registration.key
    claims = {"iss": "alpha", "sub": "alpha", "aud": client.issuer, "exp": int(client.clock()) + 60, "jti": "hs"}
    for secret in (public.as_pem(private=False), public.as_der(private=False)):
        signed, _, _ = compact({"alg": "HS256", "kid": "alpha-1"}, claims).rpartition(".")
        tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        assert not authenticated(client, f"{signed}.{segment(tag)}")


def test_no_signature_is_refused_rfc8725_3_2(client: PortalClient) -> None:
    claims = {"iss": "alpha", "sub": "alpha", "aud": client.issuer, "exp": int(client.clock()) + 60, "jti": "a"}
    for alg in ("none", "None", "NONE", "nOnE"):
        assert not authenticated(client, compact({"alg": alg, "kid": "alpha-1"}, claims, b""))


def test_another_clients_key_is_refused_rfc7523_3(client: PortalClient, client_factory: ClientFactory) -> None:
    other = client_factory("beta").registration.key
    assert not authenticated(client, client.assertion(key=other, header={"kid": other.kid}))
    assert not authenticated(client, client.assertion(key=other))


def test_kid_may_be_left_out_but_not_be_wrong_rfc7515_4_1_4(client: PortalClient) -> None:
    assert authenticated(client, client.assertion(header={"kid": None}))
    assert not authenticated(client, client.assertion(header={"kid": "alpha-2"}))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", None])
def test_an_assertion_may_say_what_kind_of_jwt_it_is_rfc8725_3_11(client: PortalClient, typ: str | None) -> None:
    assert authenticated(client, client.assertion(header={"typ": typ}))


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "dpop+jwt", "at+jwt", "logout+jwt", "entity-statement+jwt", ""])
def test_what_a_client_signed_for_something_else_does_not_authenticate_it_rfc8725_3_11(
    client: PortalClient, typ: str
) -> None:
    assert not authenticated(client, client.assertion(header={"typ": typ}))


@pytest.mark.parametrize("typ", [[], ["JWT"], {}, 7, True])
def test_a_typ_that_is_no_text_is_refused_as_any_other_rfc7515_4_1_9(client: PortalClient, typ: object) -> None:
    claims = {"iss": "alpha", "sub": "alpha", "aud": client.issuer, "exp": int(client.clock()) + 60, "jti": "d"}
    assert not authenticated(client, compact({"alg": "ES256", "kid": "alpha-1", "typ": typ}, claims))


def test_a_key_in_the_header_is_not_believed_rfc8725_3_5(client: PortalClient) -> None:
    own = ECKey.generate_key("P-256", {"kid": "alpha-1"})
    header = {"alg": "ES256", "kid": "alpha-1", "jwk": own.as_dict(private=False)}
    claims = {"iss": "alpha", "sub": "alpha", "aud": client.issuer, "exp": int(client.clock()) + 60, "jti": "b"}
    assert not authenticated(client, jwt.encode(header, claims, own))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_assertions_are_refused(client: PortalClient, name: str) -> None:
    claims = {"iss": "alpha", "sub": "alpha", "aud": client.issuer, "exp": int(client.clock()) + 60, "jti": "c"}
    assert not authenticated(client, odd_tokens(claims, "alpha-1")[name])


@pytest.mark.parametrize(
    "parameters",
    [
        {"client_assertion": None, "client_assertion_type": None},
        {"client_assertion": None},
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None, "client_assertion_type": None, "client_id": "alpha"},
        {"client_assertion": None, "client_assertion_type": None, "client_id": "alpha", "client_secret": "alpha"},
    ],
)
def test_there_is_no_other_way_in_rfc6749_2_3(client: PortalClient, parameters: dict[str, str | None]) -> None:
    assert not authenticated(client, **parameters)


def test_client_id_beside_an_assertion_must_be_the_same_client_rfc7521_4_2(client: PortalClient) -> None:
    assert authenticated(client, client_id="alpha")
    assert not authenticated(client, client_id="beta")


@pytest.mark.parametrize("header", ["Basic YWxwaGE6YWxwaGE=", "Basic", "Basic \xff\xfe", "Bearer abc", ""])
def test_an_authorization_header_and_an_assertion_are_two_ways_at_once_rfc6749_2_3(
    client: PortalClient, header: str
) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up"}
    for path in ("/token", "/introspect", "/revoke"):
        response = client.call(path, {**form, "token": "made-up"}, headers={"authorization": header.encode("latin-1")})
        assert refusal(response) == "invalid_request"


def test_a_secret_and_an_assertion_are_two_ways_at_once_rfc6749_2_3(client: PortalClient) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up", "client_id": "alpha", "client_secret": "secret"}
    assert refusal(client.call("/token", form)) == "invalid_request"


@pytest.mark.parametrize("header", ["Basic YWxwaGE6YWxwaGE=", "Basic", "Basic \xff\xfe", "Digest x"])
def test_a_try_by_header_is_answered_401_with_a_challenge_rfc6749_5_2(client: PortalClient, header: str) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up"}
    sent = [(b"authorization", header.encode("latin-1"))]
    response = client.http.post(f"{client.issuer}/token", data=form, headers=sent)
    assert refusal(response, 401) == "invalid_client"
    assert response.headers["www-authenticate"].startswith("Basic")


def test_nobody_learns_by_text_which_clients_there_are_rfc6749_5_2(client: PortalClient) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "alpha-1"})
    tries = {
        "unknown client": client.assertion(sub="nobody", iss="nobody", key=stranger),
        "known client, wrong key": client.assertion(key=stranger),
        "known client, unknown kid": client.assertion(key=stranger, header={"kid": "alpha-7"}),
        "known client, wrong audience": client.assertion(aud="https://else.example"),
        "known client, expired": client.assertion(exp=1),
        "no assertion at all": "made-up",
    }
    form = {"grant_type": "authorization_code", "code": "made-up"}
    answers = []
    for assertion in tries.values():
        response = client.call("/token", {**form, "client_assertion": assertion})
        assert refusal(response, 401) == "invalid_client"
        body = response.json()
        answers.append((body["error_description"], sorted(response.headers)))
    assert answers == [answers[0]] * len(tries)
