"""The checks of an authorization request, each shown to be the one that refuses (Core 3.1.2.1, RFC 6749 4.1.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.errors import PageRefusal, RedirectRefusal, Refusal
from idp.features import CERTIFICATION, REGION, Features
from idp.oauth import authorization_request, id_token
from idp.oauth.authorization_request import PAGE_CHECKS, REDIRECT_CHECKS, Draft, destination, validate
from idp.oauth.request_object import RECOGNIZED
from idp.oauth.signing import sign
from tests.idp.oauth.checker import CHALLENGE, GOOD, NOW, Checker
from tests.replaced import replace
from web.forms import Parameters, parse

STRANGER = "https://stranger.example/callback"


def any_redirect_uri(draft: Draft) -> None:
    """redirect_uri_is_registered switched off: the answer goes wherever it is asked to."""
    draft.redirect_uri = draft.parameters.get("redirect_uri")


def nothing(draft: Draft) -> None:
    """Any other check switched off."""


SWITCHED_OFF: dict[str, tuple[Callable[[Draft], None], dict[str, str | None], tuple[tuple[str, str], ...]]] = {
    "redirect_uri_is_registered": (any_redirect_uri, {"redirect_uri": STRANGER}, ()),
    "no_parameter_is_repeated": (nothing, {}, (("nonce", "another"),)),
    "response_type_is_registered": (nothing, {"response_type": "token"}, ()),
    "access_token_is_not_bound": (nothing, {"response_type": "code token"}, ()),
    "response_mode_is_possible": (nothing, {"response_mode": "fragment"}, ()),
    "registration_is_refused": (nothing, {"registration": "{}"}, ()),
    "request_was_pushed": (nothing, {}, ()),
    "request_is_signed": (nothing, {}, ()),
    "scope_is_readable": (nothing, {"scope": "nothing_that_is_known"}, ()),
    "openid_and_nonce_are_there": (nothing, {"response_type": "code id_token", "nonce": None}, ()),
    "pkce_is_s256": (nothing, {"code_challenge": None, "code_challenge_method": None}, ()),
    "dpop_jkt_names_the_proven_key": (nothing, {"dpop_jkt": CHALLENGE[:-1]}, ()),
    "resource_is_the_clients": (nothing, {"resource": "http://tianjin.localhost:8002/api"}, ()),
    "prompt_makes_sense": (nothing, {"prompt": "none login"}, ()),
    "max_age_is_a_number": (nothing, {"max_age": "-1"}, ()),
    "id_token_hint_is_ours": (nothing, {"id_token_hint": "e30.e30.c2ln"}, ()),
    "claims_can_be_read": (nothing, {"claims": "{"}, ()),
}


REGISTERED_SO: dict[str, dict[str, object]] = {
    "access_token_is_not_bound": {"response_types": ("code token",), "dpop_bound_access_tokens": True},
    "openid_and_nonce_are_there": {"response_types": ("code id_token",)},
    "request_was_pushed": {"require_pushed_authorization_requests": True},
    "request_is_signed": {"require_signed_request_object": True},
}

SWITCHED_ON: dict[str, Features] = {
    "access_token_is_not_bound": CERTIFICATION,
    "openid_and_nonce_are_there": CERTIFICATION,
    "claims_can_be_read": CERTIFICATION,
}
"""The features with which a check has something to refuse, where the region's have nothing."""


def test_every_check_is_in_the_table_of_those_that_are_switched_off() -> None:
    assert [check.__name__ for check in (*PAGE_CHECKS, *REDIRECT_CHECKS)] == list(SWITCHED_OFF)


@pytest.mark.parametrize("name", SWITCHED_OFF)
def test_a_bad_request_passes_when_the_one_check_that_refuses_it_is_switched_off(
    name: str, check: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead, changed, added = SWITCHED_OFF[name]
    check = check.registered_with(**REGISTERED_SO.get(name, {})).under(SWITCHED_ON.get(name, REGION))
    with pytest.raises(Refusal):
        check(*added, **changed)
    for table in ("PAGE_CHECKS", "REDIRECT_CHECKS"):
        checks = getattr(authorization_request, table)
        lax = tuple(instead if one.__name__ == name else one for one in checks)
        monkeypatch.setattr(authorization_request, table, lax)
    assert check(*added, **changed).client.client_id == "beijing"


def test_the_good_request_passes_every_check(check: Checker) -> None:
    asked = check()
    assert asked.client.client_id == "beijing"
    assert asked.redirect_uri == GOOD["redirect_uri"]
    assert asked.scope == ("openid", "profile", "real_name")
    assert (asked.state, asked.nonce, asked.code_challenge) == (GOOD["state"], GOOD["nonce"], CHALLENGE)
    assert asked.resource == GOOD["resource"]
    assert (asked.prompt, asked.max_age, asked.hinted_sub) == (frozenset(), None, None)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"client_id": None}, "unknown_client"),
        ({"client_id": "nobody"}, "unknown_client"),
        ({"client_id": "BEIJING"}, "unknown_client"),
        ({"client_id": "beijing "}, "unknown_client"),
        ({"redirect_uri": None}, "bad_redirect_uri"),
        ({"redirect_uri": STRANGER}, "bad_redirect_uri"),
        # Another portal's own, registered there.
        ({"redirect_uri": "http://tianjin.localhost:8002/callback"}, "bad_redirect_uri"),
    ],
)
def test_without_client_or_redirect_uri_the_refusal_is_a_page_rfc6749_4_1_2_1(
    changed: dict[str, str | None], kind: str, check: Checker
) -> None:
    with pytest.raises(PageRefusal) as refused:
        check(**changed)
    assert refused.value.kind == kind


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_id_or_redirect_uri_is_refused_on_a_page_even_if_both_are_equal(
    name: str, check: Checker
) -> None:
    with pytest.raises(PageRefusal):
        check((name, GOOD[name]))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_type": "code code"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "nothing_known"}, "invalid_scope"),
        ({"scope": "openid  profile"}, "invalid_scope"),
        ({"scope": " openid"}, "invalid_scope"),
        ({"scope": 'openid "profile"'}, "invalid_scope"),
        ({"scope": "openid \u5e94\u7528"}, "invalid_scope"),
        ({"scope": "openid\tprofile"}, "invalid_scope"),
        ({"scope": "OPENID"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "\n"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"dpop_jkt": CHALLENGE[:-1]}, "invalid_request"),
        ({"dpop_jkt": CHALLENGE + "="}, "invalid_request"),
        ({"dpop_jkt": CHALLENGE[:-1] + "/"}, "invalid_request"),
        ({"resource": "http://tianjin.localhost:8002/api"}, "invalid_target"),
        ({"resource": "http://beijing.localhost:8001/api/"}, "invalid_target"),
        ({"resource": "http://beijing.localhost:8001/API"}, "invalid_target"),
        ({"resource": "beijing"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "select_account none"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "+5"}, "invalid_request"),
        ({"max_age": "an hour"}, "invalid_request"),
        ({"max_age": "\u0665"}, "invalid_request"),
        ({"max_age": "5\n"}, "invalid_request"),
        ({"max_age": "9" * 5000}, "invalid_request"),
        ({"id_token_hint": "not a token"}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_goes_back_to_the_client_with_its_own_error(
    changed: dict[str, str | None], error: str, check: Checker
) -> None:
    with pytest.raises(RedirectRefusal) as refused:
        check(**changed)
    assert refused.value.code == error
    assert refused.value.public.isascii()
    assert not set('"\\') & set(refused.value.public)


def test_a_method_without_a_challenge_is_refused_also_where_pkce_may_be_left_out_rfc7636_4_3(check: Checker) -> None:
    lax = check.registered_with(require_pkce=False).under(CERTIFICATION)
    assert lax(code_challenge=None, code_challenge_method=None).code_challenge is None
    with pytest.raises(RedirectRefusal) as refused:
        lax(code_challenge=None)
    assert refused.value.code == "invalid_request"


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "response_type", "prompt", "unknown_extension"])
def test_a_repeated_parameter_is_invalid_request_rfc6749_3_1(name: str, check: Checker) -> None:
    with pytest.raises(RedirectRefusal) as refused:
        check((name, "one"), (name, "one"))
    assert refused.value.code == "invalid_request"
    assert name in refused.value.public


def test_a_repeated_state_is_not_returned_since_nobody_knows_which_one(check: Checker) -> None:
    assert destination(check.draft(("state", "other"))).state is None
    assert destination(check.draft()).state == GOOD["state"]


def test_the_name_of_a_repeated_parameter_is_told_in_ascii_without_quotes_rfc6749_4_1_2_1(check: Checker) -> None:
    with pytest.raises(RedirectRefusal) as refused:
        check(('"\\\u4e2d', "a"), ('"\\\u4e2d', "b"))
    assert refused.value.public.isascii()
    assert not set('"\\') & set(refused.value.public)


def test_the_code_is_bound_to_the_key_that_was_named_or_proven_rfc9449_10(check: Checker) -> None:
    assert check().dpop_jkt is None
    assert check(dpop_jkt=CHALLENGE).dpop_jkt == CHALLENGE
    for named in (None, CHALLENGE):
        draft = check.draft(dpop_jkt=named)
        draft.incoming = replace(draft.incoming, dpop_jkt=CHALLENGE)
        destination(draft)
        assert authorization_request.validate(draft).dpop_jkt == CHALLENGE


def test_another_key_than_the_proven_one_cannot_be_named_rfc9449_10_1(check: Checker) -> None:
    draft = check.draft(dpop_jkt=CHALLENGE)
    draft.incoming = replace(draft.incoming, dpop_jkt=CHALLENGE[::-1])
    destination(draft)
    with pytest.raises(RedirectRefusal) as refused:
        authorization_request.validate(draft)
    assert refused.value.code == "invalid_request"


def test_one_resource_may_be_sent_twice_but_not_two_rfc8707_2(check: Checker) -> None:
    assert check(("resource", GOOD["resource"])).resource == GOOD["resource"]
    with pytest.raises(RedirectRefusal) as refused:
        check(("resource", "http://tianjin.localhost:8002/api"))
    assert refused.value.code == "invalid_target"
    assert check(resource=None).resource is None


def test_unknown_parameters_are_ignored_rfc6749_3_1(check: Checker) -> None:
    asked = check(display="page", claims_locales="zh", x="1", claims="{}", authorization_details="[]")
    assert asked == check()


def test_the_order_of_parameters_does_not_matter_rfc6749_3_1(check: Checker) -> None:
    backwards = "&".join(reversed([f"{name}={value}" for name, value in GOOD.items()])).replace(" ", "+")
    draft = check.draft_of(parse(backwards.encode()))
    destination(draft)
    assert authorization_request.validate(draft) == check()


def test_unknown_scopes_and_those_that_the_client_is_not_registered_for_are_left_out_core_3_1_2_1(
    check: Checker,
) -> None:
    assert check(scope="openid something_else phone").scope == ("openid", "phone")
    assert check(scope="openid offline_access", prompt="consent").scope == ("openid",)


@pytest.mark.parametrize(
    ("grant_types", "granted"),
    [(("authorization_code", "refresh_token"), ("openid", "offline_access")), (("authorization_code",), ("openid",))],
)
def test_offline_access_is_nothing_to_a_client_that_gets_no_refresh_token_core_11(
    grant_types: tuple[str, ...], granted: tuple[str, ...], check: Checker
) -> None:
    check = check.registered_with(scope=frozenset({"openid", "offline_access"}), grant_types=grant_types)
    assert check(scope="openid offline_access", prompt="consent").scope == granted


def test_a_scope_named_twice_counts_once(check: Checker) -> None:
    assert check(scope="openid openid profile").scope == ("openid", "profile")


def test_unknown_prompt_values_are_left_out(check: Checker) -> None:
    assert check(prompt="login create").prompt == {"login"}
    assert check(prompt="create").prompt == frozenset()
    assert check(prompt="login consent select_account").prompt == {"login", "consent", "select_account"}


@pytest.mark.parametrize("max_age", ["0", "1", "10000", "2147483647", "9223372036854775807"])
def test_max_age_is_any_number_of_seconds_however_large_core_3_1_2_1(max_age: str, check: Checker) -> None:
    assert check(max_age=max_age).max_age == int(max_age)


@pytest.mark.parametrize("acr_values", ["urn:manyou:loa:4", "urn:manyou:loa:2 urn:manyou:loa:3", "phr", "\u7ea7 x"])
def test_acr_values_are_never_an_error_core_5_5_1_1(acr_values: str, check: Checker) -> None:
    assert check(acr_values=acr_values).acr_values == tuple(acr_values.split())


def id_token_of(check: Checker, **changed: object) -> str:
    claims = {"iss": check.issuer, "sub": "somebody", "aud": "beijing", "sid": "s", "iat": NOW, "exp": NOW, **changed}
    return sign(check.keys, "ES256", id_token.TYP, claims)


def test_an_expired_id_token_of_this_client_is_a_good_hint_core_3_1_2_2(check: Checker) -> None:
    assert check(id_token_hint=id_token_of(check, exp=NOW - 90 * 86400)).hinted_sub == "somebody"


@pytest.mark.parametrize("changed", [{"aud": "tianjin"}, {"iss": "https://other.example"}, {"sub": None}])
def test_an_id_token_of_another_client_or_issuer_is_no_hint(changed: dict[str, object], check: Checker) -> None:
    with pytest.raises(RedirectRefusal):
        check(id_token_hint=id_token_of(check, **changed))


def test_what_a_request_object_recognizes_is_what_the_checks_look_at_rfc6749_3_1(check: Checker) -> None:
    looked_at: set[str] = set()

    class Noting(Parameters):
        def __post_init__(self) -> None:
            super().__post_init__()
            values = self.get

            def get(name: str) -> str | None:
                looked_at.add(name)
                return values(name)

            self.__dict__["get"] = get

        def all(self, name: str) -> tuple[str, ...]:
            looked_at.add(name)
            return super().all(name)

    draft = check.under(CERTIFICATION).draft_of(Noting(tuple(GOOD.items())))
    destination(draft)
    validate(draft)
    assert looked_at == RECOGNIZED
