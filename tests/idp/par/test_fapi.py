"""Pushed requests of clients of the FAPI 2.0 profiles: Security Profile 5.3.2.2, Message Signing 5.3.1."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from idp.oauth.secret_hash import hash_of
from tests.idp.authorize.answers import asks_to_log_in, sent_to_client
from tests.idp.par.conftest import by_reference, push, pushed, strict_tokens
from tests.idp.provider import Provider
from tests.portal_client import Asked, PortalClient, refusal


def _object(client: PortalClient, asked: Asked, *, alg: str = "ES256", key: Any = None, **changes: Any) -> str:
    """Return `asked` as a signed request object, good unless something is changed."""
    now = int(client.clock())
    times = {"iss": client.client_id, "aud": client.issuer, "iat": now, "nbf": now, "exp": now + 300}
    claims = {name: value for name, value in {**asked.parameters, **times, **changes}.items() if value is not None}
    used = client.registration.key if key is None else key
    return jwt.encode({"alg": alg, "kid": client.registration.key.kid}, claims, used, algorithms=[alg])


def _push_object(client: PortalClient, request: str, **beside: str) -> Any:
    return client.call("/par", {"request": request, **beside})


def test_who_must_push_is_sent_back_from_a_plain_request_fapi_2_5_3_2_2(strict: Provider) -> None:
    client, visitor = strict.client("fapi"), strict.visitor()
    answer = sent_to_client(client.authorize(visitor), client.redirect_uri)
    assert answer["error"] == "invalid_request"


def test_pushed_it_ends_in_tokens_that_are_bound_to_the_key_fapi_2_5_3_2_1(strict: Provider) -> None:
    client = strict.client("fapi")
    tokens = strict_tokens(strict, client)
    assert tokens.answer["token_type"] == "DPoP"
    assert strict.read(tokens.access_token)[1]["cnf"].keys() == {"jkt"}
    assert refusal(client.userinfo(tokens.access_token), 401) == "invalid_token"
    headers = {
        "authorization": f"DPoP {tokens.access_token}",
        "dpop": client.proof("/userinfo", method="GET", access_token=tokens.access_token),
    }
    assert client.http.get(f"{client.issuer}/userinfo", headers=headers).status_code == 200


def test_an_assertion_is_for_the_issuer_alone_fapi_2_5_3_2_1(strict: Provider) -> None:
    client = strict.client("fapi")
    for audience in (f"{client.issuer}/par", f"{client.issuer}/token", [client.issuer], [f"{client.issuer}/par"]):
        response = push(client, client.ask(), client_assertion=client.assertion(aud=audience))
        assert refusal(response, 401) == "invalid_client"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"dpop_jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, "invalid_request"),
    ],
)
def test_what_the_profile_forbids_is_refused_when_it_is_pushed_fapi_2_5_3_2_2(
    strict: Provider, changed: dict[str, str | None], code: str
) -> None:
    client = strict.client("fapi")
    assert refusal(push(client, client.ask(), **changed)) == code


def test_a_refresh_token_that_is_revoked_while_it_is_used_brings_nothing(
    strict: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, grants = strict.client("fapi"), strict.parts.stores.grants
    refresh_token, prolong = strict_tokens(strict, client).refresh_token, grants.prolong

    async def overtaken(token_hash: str, expires_at: float, now: float) -> bool:
        token = await grants.by_refresh_token(token_hash)
        await grants.revoke(token.grant.grant_id, now)
        return bool(await prolong(token_hash, expires_at, now))

    monkeypatch.setattr(grants, "prolong", overtaken)
    assert refusal(client.refresh(refresh_token)) == "invalid_grant"


def test_a_request_uri_of_another_client_is_none_fapi_2_5_3_2_2(strict: Provider) -> None:
    client, other, visitor = strict.client("fapi"), strict.client("other-fapi"), strict.visitor()
    request_uri = pushed(client, client.ask())
    response = other.authorize(visitor, by_reference(other, other.ask(), request_uri))
    assert response.status_code == 400
    assert "invalid_request_uri" in response.text


def test_of_a_signed_request_its_content_alone_counts_message_signing_5_3_1(strict: Provider) -> None:
    client, visitor = strict.client("signs"), strict.visitor()
    asked = client.ask(scope="openid")
    response = _push_object(client, _object(client, asked), state="outside", scope="openid phone", nonce="outside")
    assert response.status_code == 201, response.text
    request_uri = response.json()["request_uri"]
    kept = strict.run(strict.parts.stores.pushed_requests.get(hash_of(request_uri)))
    assert (kept.source, dict(kept.parameters)) == ("object", asked.parameters)
    page = visitor.follow(client.authorize(visitor, by_reference(client, asked, request_uri, state="outside")))
    assert asks_to_log_in(page)
    landing = client.landing(asked, visitor.follow(visitor.log_in(page, "li.beijing")))
    assert landing.parameters["state"] == asked.parameters["state"]
    assert client.exchange(landing).json()["scope"] == "openid"


def test_unsigned_parameters_are_refused_where_they_must_be_signed_message_signing_5_3_1(strict: Provider) -> None:
    client = strict.client("signs")
    assert refusal(push(client, client.ask())) == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://else.example"},
        {"iss": "fapi"},
        {"client_id": "fapi"},
        {"exp": None},
        {"nbf": None},
        {"exp": 1_000_000_000},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    ],
)
def test_a_bad_request_object_is_told_as_such_rfc9101_6_2(strict: Provider, changes: dict[str, Any]) -> None:
    client = strict.client("signs")
    assert refusal(_push_object(client, _object(client, client.ask(), **changes))) == "invalid_request_object"


def test_a_request_object_of_another_key_or_algorithm_is_told_as_such_rfc9101_6_2(strict: Provider) -> None:
    client, other = strict.client("signs"), strict.client("fapi").registration.key
    foreign = _object(client, client.ask(), key=other)
    unsigned = ".".join((*foreign.split(".")[:2], ""))
    for request in (foreign, unsigned, "e30.e30.", "not an object", foreign + ".more.more"):
        assert refusal(_push_object(client, request)) == "invalid_request_object"


def test_a_redirect_uri_that_is_not_in_the_object_is_missing_message_signing_5_3_1(strict: Provider) -> None:
    client = strict.client("signs")
    response = _push_object(client, _object(client, client.ask(redirect_uri=None)), redirect_uri=client.redirect_uri)
    assert refusal(response) == "invalid_request"
