"""What is released of a person, by scope and claim by claim (Core 5.1 to 5.5), and on which basis (PIPL 13)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.features import CERTIFICATION, REGION
from idp.model import AuthorizationRequest, ClaimsRequest, Grant, Person, Wish
from idp.oauth.claims import CLAIMS_OF_SCOPE, FURTHER_CLAIMS, bases_of, in_id_token, supported, userinfo
from tests.idp.oauth.checker import NOW, Checker
from tests.replaced import replace

LI = Person(
    "li", "li.beijing", 3, False, "李明", "110000", "110000190001010012", "10000000001", "li@example.cn", "某路", 7
)
FULL = replace(LI, standard_claims={"name": "Li Ming", "nickname": "Ming", "birthdate": "1900-01-01"})
GRANT = Grant(
    "g", "alpha", "li", "s", "sid", "pairwise", "https://c.example/cb", ("openid",), None, None, None, 0, 3, ("pwd",),
    NOW, NOW + 60,
)  # fmt: skip


def granted(**wishes: Wish) -> Grant:
    """A grant whose request asked for these claims in both places."""
    return replace(GRANT, claims=ClaimsRequest(wishes, wishes))


def test_scopes_release_their_claims_and_nothing_else_core_5_4() -> None:
    assert userinfo(LI, GRANT, ["openid"]) == {"sub": "pairwise"}
    assert userinfo(LI, GRANT, ["openid", "profile"]) == {
        "sub": "pairwise", "name": "李*", "home_region": "110000", "updated_at": 7,
    }  # fmt: skip
    assert userinfo(LI, GRANT, ["openid", "offline_access"]) == {"sub": "pairwise"}


def test_a_person_with_every_standard_claim_shows_them_under_the_scope_profile_core_5_4() -> None:
    told = userinfo(FULL, GRANT, ["openid", "profile"])
    assert told == {
        "sub": "pairwise", "name": "Li Ming", "home_region": "110000", "updated_at": 7, "nickname": "Ming",
        "birthdate": "1900-01-01",
    }  # fmt: skip


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_is_left_out_core_5_3_2(empty: str | None) -> None:
    person = replace(LI, phone=empty, email=empty, address=empty, home_region="", standard_claims={"nickname": empty})
    told = userinfo(person, GRANT, CLAIMS_OF_SCOPE)
    assert set(told) == {"sub", "name", "updated_at", "real_name", "id_number"}


def test_a_claim_asked_for_alone_brings_no_other_of_its_scope_core_5_5() -> None:
    grant = granted(phone_number=Wish(), nickname=Wish(essential=True))
    assert userinfo(FULL, grant, ["openid"]) == {"sub": "pairwise", "phone_number": "10000000001", "nickname": "Ming"}


def test_an_essential_claim_that_is_not_on_file_is_no_error_core_5_5_1() -> None:
    assert userinfo(LI, granted(nickname=Wish(essential=True)), ["openid"]) == {"sub": "pairwise"}


@pytest.mark.parametrize(
    ("values", "there"),
    [
        (("li@example.cn",), True),
        (("other@example.cn", "li@example.cn"), True),
        (("other@example.cn",), False),
        ((None,), False),
        ((7,), False),
    ],
)
def test_a_claim_asked_for_with_a_value_is_told_only_with_that_value_core_5_5_1(
    values: tuple[Any, ...], there: bool
) -> None:
    assert ("email" in userinfo(LI, granted(email=Wish(values=values)), ["openid"])) is there


def test_one_is_not_true_in_json() -> None:
    assert "email_verified" in userinfo(LI, granted(email_verified=Wish(values=(True,))), ["openid"])
    assert "email_verified" not in userinfo(LI, granted(email_verified=Wish(values=(1,))), ["openid"])
    assert "updated_at" in userinfo(LI, granted(updated_at=Wish(values=(7.0,))), ["openid"])


def test_a_value_takes_nothing_away_from_what_the_scope_releases() -> None:
    assert "email" in userinfo(LI, granted(email=Wish(values=("other",))), ["openid", "email"])


def test_the_id_token_has_what_was_asked_for_there_and_nothing_of_the_scope_core_5_4() -> None:
    grant = replace(
        GRANT,
        scope=("openid", "profile", "email"),
        claims=ClaimsRequest({"phone_number": Wish()}, {"email": Wish(), "sub": Wish(), "acr": Wish()}),
    )
    assert in_id_token(LI, grant) == {"email": "li@example.cn"}


def test_an_id_token_without_an_access_token_has_what_the_scope_releases_core_5_4() -> None:
    grant = replace(GRANT, scope=("openid", "email"), claims=ClaimsRequest({"real_name": Wish()}, {"name": Wish()}))
    assert in_id_token(LI, grant, alone=True) == {
        "email": "li@example.cn", "email_verified": True, "name": "李*",
    }  # fmt: skip


def asks(check: Checker, scope: str, *names: str, basis: str = "legal_duty") -> AuthorizationRequest:
    request = check.registered_with(legal_basis=basis)(scope="openid profile real_name")
    return replace(request, scope=tuple(scope.split()), claims=ClaimsRequest({name: Wish() for name in names}))


def test_a_claim_needs_the_consent_of_the_scope_that_releases_it(check: Checker) -> None:
    assert bases_of(asks(check, "openid", "phone_number", "name")) == {"profile": "legal_duty", "phone": "consent"}
    assert bases_of(asks(check, "openid profile", "name", basis="consent")) == {"profile": "consent"}
    assert bases_of(asks(check, "openid", "sub", basis="consent")) == {}
    in_token = replace(asks(check, "openid"), claims=ClaimsRequest({}, {"id_number": Wish(), "acr": Wish()}))
    assert bases_of(in_token) == {"id_number": "consent"}


def test_offline_access_needs_consent_whoever_asks_core_11(check: Checker) -> None:
    assert bases_of(asks(check, "openid offline_access")) == {"offline_access": "consent"}


def test_each_feature_set_lists_the_claims_that_its_people_have_discovery_3() -> None:
    assert set(supported(CERTIFICATION)) - set(supported(REGION)) == set(FURTHER_CLAIMS)
    assert {"sub", "name", "updated_at", "email", "address"} <= set(supported(REGION))
