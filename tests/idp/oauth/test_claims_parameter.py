"""The claims parameter is read with bounds, and kept of it is only what the client may be given (Core 5.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.errors import RedirectRefusal
from idp.features import CERTIFICATION, REGION
from idp.model import ClaimsRequest, Wish
from idp.oauth.claims_parameter import LONGEST, MOST_CLAIMS, parse
from tests.idp.oauth.checker import Checker

EVERY = frozenset({"openid", "profile", "real_name", "phone", "email", "address", "id_number"})


def asked(userinfo: Any = None, id_token: Any = None, scope: frozenset[str] = EVERY) -> ClaimsRequest:
    members = {"userinfo": userinfo, "id_token": id_token}
    return parse(json.dumps({name: one for name, one in members.items() if one is not None}), scope)


@pytest.mark.parametrize(
    ("wish", "read"),
    [
        (None, Wish()),
        ({}, Wish()),
        ({"essential": True}, Wish(essential=True)),
        ({"essential": False}, Wish()),
        ({"value": "a"}, Wish(values=("a",))),
        ({"values": ["a", 2, True]}, Wish(values=("a", 2, True))),
        ({"essential": True, "value": "a"}, Wish(essential=True, values=("a",))),
        ({"value": None}, Wish(values=(None,))),
        # Members that are not understood are ignored.
        ({"purpose": "x", "max_age": {"deep": [1]}}, Wish()),
    ],
    ids=str,
)
def test_a_claim_is_asked_for_by_null_or_by_its_three_members_core_5_5_1(wish: Any, read: Wish) -> None:
    assert asked({"name": wish}, {"email": wish}) == ClaimsRequest({"name": read}, {"email": read})


def test_claims_and_members_that_are_not_understood_are_ignored_core_5_5() -> None:
    text = '{"userinfo":{"nonsense":"x","name#zh":[1],"verified_claims":[{}],"name":null},"elsewhere":7,"id_token":{}}'
    assert parse(text, EVERY) == ClaimsRequest({"name": Wish()})


def test_a_claim_that_the_registered_scope_does_not_cover_is_ignored() -> None:
    every = {"sub": None, "name": None, "phone_number": None, "id_number": None, "email_verified": None}
    request = asked(every, every, frozenset({"openid", "phone"}))
    assert set(request.userinfo) == set(request.id_token) == {"sub", "phone_number"}


def test_acr_and_auth_time_are_claims_of_the_id_token_alone_core_2() -> None:
    request = asked({"acr": None, "auth_time": None}, {"acr": None, "auth_time": {"essential": True}})
    assert not request.userinfo
    assert request.id_token == {"acr": Wish(), "auth_time": Wish(essential=True)}


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "7", '"text"', "NaN", "{}x", "\u4e2d", "\ud800",
        '{"userinfo":null}', '{"userinfo":[]}', '{"id_token":"x"}', '{"id_token":1}',
        '{"userinfo":{"name":true}}', '{"userinfo":{"name":"x"}}', '{"userinfo":{"name":[]}}',
        '{"userinfo":{"name":{"essential":"true"}}}', '{"userinfo":{"name":{"essential":1}}}',
        '{"userinfo":{"name":{"essential":null}}}', '{"userinfo":{"name":{"values":"x"}}}',
        '{"userinfo":{"name":{"values":[]}}}', '{"userinfo":{"name":{"values":null}}}',
        '{"userinfo":{"name":{"value":"x","values":["x"]}}}', '{"userinfo":{"name":{"value":NaN}}}',
        '{"userinfo":{"name":{"value":-Infinity}}}', '{"userinfo":{},"userinfo":{}}',
        '{"userinfo":{"name":null,"name":null}}', '{"userinfo":{"name":{"value":' + "9" * 5000 + "}}}",
        "[" * 5000, '{"a":' * 1000 + "1" + "}" * 1000, '{"userinfo":{"x":' + "[" * 15 + "]" * 15 + "}}",
        json.dumps({"userinfo": {"x": "y" * LONGEST}}),
        json.dumps({"userinfo": {"x": "\u4e2d" * (LONGEST // 3)}}, ensure_ascii=False),
        json.dumps({"userinfo": {f"c{number}": None for number in range(MOST_CLAIMS)}, "id_token": {"name": None}}),
    ],
    ids=lambda text: text[:40].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_what_cannot_be_read_or_is_too_much_is_invalid_request(text: str) -> None:
    with pytest.raises(RedirectRefusal) as refused:
        parse(text, EVERY)
    assert refused.value.code == "invalid_request"


def test_what_is_just_not_too_much_is_read() -> None:
    deep = '{"userinfo":{"x":' + "[" * 14 + "]" * 14 + "}}"
    many = json.dumps({"userinfo": {f"c{number}": None for number in range(MOST_CLAIMS)}})
    long = json.dumps({"userinfo": {"x": "y" * (LONGEST - 23)}})
    assert len(long) == LONGEST
    for text in (deep, many, long, "{}"):
        assert parse(text, EVERY) == ClaimsRequest()


WANTED = '{"userinfo":{"name":{"essential":true}}}'


def test_the_parameter_counts_only_where_it_is_supported_discovery_3(check: Checker) -> None:
    assert check.under(CERTIFICATION)(claims=WANTED).claims == ClaimsRequest({"name": Wish(essential=True)})
    for ignored in (WANTED, "{"):
        assert check.under(REGION)(claims=ignored).claims == ClaimsRequest()


def test_it_is_read_by_the_clients_registered_scope_whatever_scope_is_asked_for(check: Checker) -> None:
    certification = check.under(CERTIFICATION)
    assert set(certification(scope="openid", claims=WANTED).claims.userinfo) == {"name"}
    openid_only = certification.registered_with(scope=frozenset({"openid"})).under(CERTIFICATION)
    assert openid_only(scope="openid", claims=WANTED).claims == ClaimsRequest()


def test_without_openid_it_is_no_openid_request_and_asks_for_nothing_core_3_1_2_1(check: Checker) -> None:
    assert check.under(CERTIFICATION)(scope="profile", claims=WANTED).claims == ClaimsRequest()


def test_what_a_client_registered_counts_where_its_request_is_silent_registration_2(check: Checker) -> None:
    registered = check.registered_with(default_max_age=60, default_acr_values=("urn:manyou:loa:3",))
    assert (registered().max_age, registered().acr_values) == (60, ("urn:manyou:loa:3",))
    said = registered(max_age="5", acr_values="urn:manyou:loa:2 x")
    assert (said.max_age, said.acr_values) == (5, ("urn:manyou:loa:2", "x"))
