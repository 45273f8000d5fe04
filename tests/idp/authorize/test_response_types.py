"""What the authorization endpoint issues by itself: tokens with and without a code (Core 3.2, 3.3)."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from tests.idp.authorize.answers import posted_to_client, sent_in_fragment, sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import Asked, Landing, PortalClient, refusal
from tests.visitor import Visitor

ISSUED = {
    "id_token": {"id_token"},
    "id_token token": {"id_token", "access_token", "token_type", "expires_in", "scope"},
    "code id_token": {"code", "id_token"},
    "code token": {"code", "access_token", "token_type", "expires_in", "scope"},
    "code id_token token": {"code", "id_token", "access_token", "token_type", "expires_in", "scope"},
}
WITH_ID_TOKEN = [one for one in ISSUED if "id_token" in one.split()]
WITH_TOKEN = [one for one in ISSUED if "token" in one.split()]
WITH_CODE = [one for one in ISSUED if "code" in one.split()]


def ask(hybrid: PortalClient, response_type: str, **changes: str | None) -> Asked:
    """Return a request without PKCE, as a client of these flows makes it."""
    return hybrid.ask(**{
        "response_type": response_type, "code_challenge": None, "code_challenge_method": None, **changes,
    })  # fmt: skip


def answer(hybrid: PortalClient, someone: Visitor, response_type: str, **changes: str | None) -> dict[str, str]:
    """Return what comes in the fragment."""
    response = someone.follow(hybrid.authorize(someone, ask(hybrid, response_type, **changes)))
    while response.status_code == 200:
        response = someone.follow(someone.submit(response, "consent-allow"))
    return sent_in_fragment(response, hybrid.redirect_uri)


def redeem(hybrid: PortalClient, code: str) -> httpx.Response:
    """Redeem a code that has no PKCE."""
    return hybrid.call(
        "/token", {"grant_type": "authorization_code", "code": code, "redirect_uri": hybrid.redirect_uri}
    )


def half_hash(value: str) -> str:
    """Return the left half of the value's SHA-256 in base64url (Core 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.parametrize("response_type", ISSUED)
def test_each_response_type_issues_what_it_names_core_3_2_2_5_3_3_2_5(
    response_type: str, hybrid: PortalClient, someone: Visitor
) -> None:
    asked = ask(hybrid, response_type)
    response = hybrid.authorize(someone, asked)
    sent = sent_in_fragment(response, hybrid.redirect_uri)
    assert set(sent) == {*ISSUED[response_type], "state", "iss", "session_state"}
    assert (sent["state"], sent["iss"]) == (asked.parameters["state"], hybrid.issuer)
    assert response.headers["cache-control"] == "no-store"
    if "access_token" in sent:
        assert (sent["token_type"], sent["expires_in"], sent["scope"]) == ("Bearer", "300", "openid profile")


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_the_id_token_is_bound_to_what_comes_beside_it_core_3_2_2_10_3_3_2_11(
    response_type: str, hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    asked = ask(hybrid, response_type)
    sent = sent_in_fragment(hybrid.authorize(someone, asked), hybrid.redirect_uri)
    header, claims = shared_certified.read(sent["id_token"])
    assert (header["typ"], header["alg"]) == ("JWT", "ES256")
    assert (claims["iss"], claims["aud"]) == (hybrid.issuer, "hybrid")
    assert claims["nonce"] == asked.parameters["nonce"]
    assert claims.get("at_hash") == (half_hash(sent["access_token"]) if "access_token" in sent else None)
    assert claims.get("c_hash") == (half_hash(sent["code"]) if "code" in sent else None)


@pytest.mark.parametrize("response_type", WITH_TOKEN)
def test_the_access_token_is_good_at_userinfo_until_it_is_revoked_core_5_3(
    response_type: str, hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    token = answer(hybrid, someone, response_type)["access_token"]
    header, claims = shared_certified.read(token)
    assert (header["typ"], claims["client_id"], claims["scope"]) == ("at+jwt", "hybrid", "openid profile")
    assert hybrid.userinfo(token).json()["sub"] == claims["sub"]
    assert hybrid.revoke(token).status_code == 200
    assert hybrid.userinfo(token).status_code == 401


@pytest.mark.parametrize("response_type", WITH_CODE)
def test_the_code_is_redeemed_for_the_same_persons_tokens_core_3_3_3_6(
    response_type: str, hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    asked = ask(hybrid, response_type)
    sent = sent_in_fragment(hybrid.authorize(someone, asked), hybrid.redirect_uri)
    response = redeem(hybrid, sent["code"])
    assert response.status_code == 200, response.text
    _, later = shared_certified.read(response.json()["id_token"])
    assert later["nonce"] == asked.parameters["nonce"]
    if "id_token" in sent:
        _, earlier = shared_certified.read(sent["id_token"])
        same = ("iss", "sub", "aud", "auth_time", "nonce", "acr", "sid")
        assert {name: earlier[name] for name in same} == {name: later[name] for name in same}


def test_a_code_used_twice_takes_the_token_along_that_came_with_it_rfc6749_4_1_2(
    hybrid: PortalClient, shared_certified: Provider
) -> None:
    visitor = shared_certified.visitor()
    hybrid.sign_in(visitor)
    sent = answer(hybrid, visitor, "code token")
    assert redeem(hybrid, sent["code"]).status_code == 200
    assert hybrid.userinfo(sent["access_token"]).status_code == 200
    assert refusal(redeem(hybrid, sent["code"])) == "invalid_grant"
    assert hybrid.userinfo(sent["access_token"]).status_code == 401


def test_logging_out_ends_a_token_that_had_no_code(hybrid: PortalClient, shared_certified: Provider) -> None:
    visitor = shared_certified.visitor()
    hybrid.sign_in(visitor)
    sent = answer(hybrid, visitor, "id_token token")
    assert hybrid.userinfo(sent["access_token"]).status_code == 200
    hybrid.end_session(visitor, id_token_hint=sent["id_token"])
    assert hybrid.userinfo(sent["access_token"]).status_code == 401


def test_the_persons_claims_are_in_the_id_token_only_where_there_is_no_other_way_to_them_core_5_4(
    hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    told = {
        response_type: set(shared_certified.read(answer(hybrid, someone, response_type)["id_token"])[1])
        & {"name", "home_region", "updated_at"}
        for response_type in WITH_ID_TOKEN
    }
    assert told.pop("id_token") == {"name", "home_region", "updated_at"}
    assert not any(told.values())


def test_a_claim_asked_for_in_the_id_token_waits_for_the_code_if_there_is_one_core_3_3_3_6(
    hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    claims = '{"id_token": {"name": null}}'
    assert "name" in shared_certified.read(answer(hybrid, someone, "id_token token", claims=claims)["id_token"])[1]
    sent = answer(hybrid, someone, "code id_token token", claims=claims)
    assert "name" not in shared_certified.read(sent["id_token"])[1]
    assert "name" in shared_certified.read(redeem(hybrid, sent["code"]).json()["id_token"])[1]


@pytest.mark.parametrize("response_type", ISSUED)
def test_nonce_is_required_with_an_id_token_and_with_it_alone_core_3_2_2_1_3_3_2_11(
    response_type: str, hybrid: PortalClient, someone: Visitor
) -> None:
    sent = answer(hybrid, someone, response_type, nonce=None)
    assert sent.get("error") == ("invalid_request" if response_type in WITH_ID_TOKEN else None)
    # RFC 6749 3.1: an empty one is none.
    assert ("error" in answer(hybrid, someone, response_type, nonce="")) == (response_type in WITH_ID_TOKEN)


def test_an_id_token_needs_openid_core_3_1_2_1(hybrid: PortalClient, someone: Visitor) -> None:
    assert answer(hybrid, someone, "id_token token", scope="profile")["error"] == "invalid_scope"
    assert answer(hybrid, someone, "code token", scope="profile")["scope"] == "profile"


def test_offline_access_counts_only_where_a_code_is_issued_core_11(hybrid: PortalClient, someone: Visitor) -> None:
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    assert answer(hybrid, someone, "id_token token", **asked)["scope"] == "openid"
    assert answer(hybrid, someone, "code token", **asked)["scope"] == "openid offline_access"


@pytest.mark.parametrize("response_type", ISSUED)
def test_errors_travel_as_tokens_would_core_3_2_2_6_3_3_2_6(
    response_type: str, hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    nobody = shared_certified.visitor()
    refused = {"error", "error_description", "state", "iss"}
    asked = ask(hybrid, response_type, prompt="none")
    sent = sent_in_fragment(hybrid.authorize(nobody, asked), hybrid.redirect_uri)
    assert (set(sent), sent["error"], sent["state"]) == (refused, "login_required", asked.parameters["state"])
    for mode in ("query", "query.jwt"):
        response = hybrid.authorize(someone, ask(hybrid, response_type, response_mode=mode))
        sent = sent_in_fragment(response, hybrid.redirect_uri)
        if mode == "query.jwt":
            sent = shared_certified.read(sent["response"])[1]
        assert sent["error"] == "invalid_request"
    sent = answer(hybrid, someone, response_type, max_age="soon")
    assert sent["error"] == "invalid_request"


def test_whoever_declines_is_reported_in_the_fragment_core_3_1_2_6(
    hybrid: PortalClient, shared_certified: Provider
) -> None:
    visitor = shared_certified.visitor()
    hybrid.sign_in(visitor)
    page = visitor.follow(hybrid.authorize(visitor, ask(hybrid, "code id_token", prompt="consent")))
    response = visitor.follow(visitor.submit(page, "consent-deny"))
    assert sent_in_fragment(response, hybrid.redirect_uri)["error"] == "access_denied"


@pytest.mark.parametrize("response_type", ISSUED)
def test_tokens_are_posted_or_signed_where_that_is_asked_for_form_post_2_jarm_2(
    response_type: str, hybrid: PortalClient, someone: Visitor, shared_certified: Provider
) -> None:
    whole = {*ISSUED[response_type], "state", "iss", "session_state"}
    response = hybrid.authorize(someone, ask(hybrid, response_type, response_mode="form_post"))
    assert set(posted_to_client(response, hybrid.redirect_uri)) == whole
    response = hybrid.authorize(someone, ask(hybrid, response_type, response_mode="jwt"))
    sent = sent_in_fragment(response, hybrid.redirect_uri)
    assert set(shared_certified.read(sent["response"])[1]) == {*whole, "aud", "exp"}


@pytest.mark.parametrize("response_type", ISSUED)
def test_a_client_that_is_not_registered_for_it_gets_unauthorized_client_rfc6749_4_2_2_1(
    response_type: str, certified: PortalClient, someone: Visitor
) -> None:
    sent = sent_in_fragment(certified.authorize(someone, response_type=response_type), certified.redirect_uri)
    assert sent["error"] == "unauthorized_client"


@pytest.mark.parametrize("response_type", ["token", "none", "code none", "id_token  token", "code code", "x"])
def test_other_response_types_are_unsupported_and_answered_as_a_code_would_be_rfc6749_4_1_2_1(
    response_type: str, hybrid: PortalClient, someone: Visitor
) -> None:
    response = hybrid.authorize(someone, ask(hybrid, response_type))
    assert sent_to_client(response, hybrid.redirect_uri)["error"] == "unsupported_response_type"


def test_the_code_that_is_not_issued_is_redeemed_by_nobody(hybrid: PortalClient, shared_certified: Provider) -> None:
    visitor = shared_certified.visitor()
    hybrid.sign_in(visitor)
    _, claims = shared_certified.read(answer(hybrid, visitor, "id_token token")["access_token"])
    stores, now = shared_certified.parts.stores, shared_certified.clock()
    grant_id = claims["jti"].split(".")[0]
    assert shared_certified.run(stores.grants.redeem(grant_id, now, None, 0.0)) is False


def test_a_registered_query_stays_before_the_fragment(hybrid: PortalClient, someone: Visitor) -> None:
    registered = str(hybrid.registration.table["redirect_uris"][1])
    response = hybrid.authorize(someone, ask(hybrid, "code id_token", redirect_uri=registered))
    assert set(sent_in_fragment(response, registered)) == {"code", "id_token", "state", "iss", "session_state"}


def test_pkce_protects_a_hybrid_code_too_rfc7636_4_6(hybrid: PortalClient, someone: Visitor) -> None:
    asked = hybrid.ask(response_type="code id_token")
    sent = sent_in_fragment(hybrid.authorize(someone, asked), hybrid.redirect_uri)
    landing = Landing(asked, sent, hybrid.redirect_uri)
    assert refusal(hybrid.exchange(landing, code_verifier="x" * 43)) == "invalid_grant"
    assert hybrid.exchange(landing).status_code == 200
