"""By which way an answer travels (Multiple Response Types 2.1 and 5, Form Post 2, JARM 2.3)."""

from __future__ import annotations

import pytest

from idp.errors import RedirectRefusal
from idp.features import CERTIFICATION, REGION
from idp.oauth.authorization_request import destination
from tests.idp.oauth.checker import Checker

WITH_TOKENS = ("id_token", "id_token token", "code id_token", "code token", "code id_token token")
EVERY_MODE = ("query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt")


@pytest.fixture
def certified(check: Checker) -> Checker:
    """The checks of the certification set, for a client that is registered for every response_type."""
    return check.registered_with(response_types=CERTIFICATION.response_types).under(CERTIFICATION)


def mode(check: Checker, response_type: str, response_mode: str | None) -> str:
    """Return how the answer to a request travels that passes every check."""
    asked = check(response_type=response_type, response_mode=response_mode)
    to = destination(check.draft(response_type=response_type, response_mode=response_mode))
    # What a later refusal would travel by is what the answer travels by.
    assert to.response_mode == asked.response_mode
    return asked.response_mode


def refusal(check: Checker, response_type: str | None, response_mode: str) -> tuple[str, str]:
    """Return the error of a request that is refused, and how it travels."""
    with pytest.raises(RedirectRefusal) as refused:
        check(response_type=response_type, response_mode=response_mode)
    to = destination(check.draft(response_type=response_type, response_mode=response_mode))
    return refused.value.code, to.response_mode


def test_a_code_travels_in_the_query_unless_asked_otherwise_multiple_response_types_2_1(certified: Checker) -> None:
    assert mode(certified, "code", None) == "query"
    assert [mode(certified, "code", one) for one in ("query", "fragment", "form_post")] == [
        "query", "fragment", "form_post",
    ]  # fmt: skip


@pytest.mark.parametrize("response_type", WITH_TOKENS)
def test_tokens_travel_in_the_fragment_and_never_in_a_query_multiple_response_types_5(
    response_type: str, certified: Checker
) -> None:
    assert mode(certified, response_type, None) == "fragment"
    assert mode(certified, response_type, "fragment") == "fragment"
    assert mode(certified, response_type, "form_post") == "form_post"
    assert refusal(certified, response_type, "query") == ("invalid_request", "fragment")


def test_the_order_of_a_response_types_values_does_not_matter_multiple_response_types_3(certified: Checker) -> None:
    assert certified(response_type="token id_token code").response_type == "code id_token token"


@pytest.mark.parametrize("response_type", ["code", *WITH_TOKENS])
def test_jwt_is_the_jwt_of_the_response_types_own_mode_jarm_2_3_4(response_type: str, certified: Checker) -> None:
    assert mode(certified, response_type, "jwt") == ("query.jwt" if response_type == "code" else "fragment.jwt")
    assert mode(certified, response_type, "fragment.jwt") == "fragment.jwt"
    assert mode(certified, response_type, "form_post.jwt") == "form_post.jwt"


def test_query_jwt_is_for_codes_alone_and_its_refusal_is_a_jwt_too_jarm_2_3_1(certified: Checker) -> None:
    assert mode(certified, "code", "query.jwt") == "query.jwt"
    for response_type in WITH_TOKENS:
        assert refusal(certified, response_type, "query.jwt") == ("invalid_request", "fragment.jwt")


def test_a_registered_algorithm_says_how_to_sign_and_not_when_jarm_3(certified: Checker) -> None:
    client = certified.registered_with(authorization_signed_response_alg="ES256").under(CERTIFICATION)
    assert mode(client, "code", None) == "query"


@pytest.mark.parametrize("asked", ["web_message", "QUERY", "query.JWT", "none", "jwt.jwt", "form_post.", "\u4e2d"])
def test_an_unknown_mode_is_refused_in_the_mode_that_none_would_have(asked: str, certified: Checker) -> None:
    assert refusal(certified, "code", asked) == ("invalid_request", "query")
    assert refusal(certified, "id_token", asked) == ("invalid_request", "fragment")


@pytest.mark.parametrize("asked", [one for one in EVERY_MODE if one != "query"])
def test_the_regions_set_has_the_query_alone(asked: str, check: Checker) -> None:
    region = check.registered_with(authorization_signed_response_alg="ES256").under(REGION)
    assert refusal(region, "code", asked) == ("invalid_request", "query")
    assert mode(region, "code", "query") == "query"


@pytest.mark.parametrize(
    ("response_type", "asked", "travels"),
    [
        (None, "form_post", "form_post"),
        (None, "jwt", "query.jwt"),
        ("token", "jwt", "query.jwt"),
        ("token", "form_post.jwt", "form_post.jwt"),
        ("nonsense", "fragment", "fragment"),
    ],
)
def test_a_wrong_response_type_is_refused_in_the_mode_that_was_asked_for(
    response_type: str | None, asked: str, travels: str, certified: Checker
) -> None:
    error = "invalid_request" if response_type is None else "unsupported_response_type"
    assert refusal(certified, response_type, asked) == (error, travels)
