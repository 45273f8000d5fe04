"""Request objects: what is taken from one, and each way in which one is refused (Core 6, RFC 9101, FAPI 2.0 MS 5.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from idp.clients import ClientKeys, Clients
from idp.errors import RedirectRefusal
from idp.features import CERTIFICATION, REGION
from idp.model import Client
from idp.oauth.incoming import Incoming
from idp.oauth.request_object import LONGEST, RECOGNIZED, RequestObjects
from tests.idp.oauth.checker import GOOD, NOW
from tests.listener import Listener, Reply
from tests.portal_client import client_key
from tests.replaced import replace
from web.connect import DEFAULT_MAP, ConnectMap
from web.fetch import Fetcher
from web.forms import Parameters
from web.guard import Guard

ISSUER = "http://idp.localhost:8000"
KEY = client_key("ES256", "beijing-1")
OUTER = (("client_id", "beijing"), ("response_type", "code"), ("scope", "openid"))
SIGNED: dict[str, Any] = {
    **GOOD, "iss": "beijing", "aud": ISSUER, "exp": int(NOW) + 300, "nbf": int(NOW) - 1, "iat": int(NOW) - 1,
}  # fmt: skip


@pytest.fixture
async def objects() -> AsyncIterator[RequestObjects]:
    connect = ConnectMap.parse(DEFAULT_MAP)
    fetcher = Fetcher(connect, Guard.parse(""), trust=False)
    keys = ClientKeys(fetcher, lambda: NOW)
    yield RequestObjects(CERTIFICATION, keys, fetcher, lambda: NOW, ISSUER)
    await fetcher.close()


@pytest.fixture(scope="session")
def client(clients: Clients) -> Client:
    beijing = next(one for one in clients if one.client_id == "beijing")
    return replace(beijing, jwks={"keys": [KEY.as_dict(private=False)]}, jwks_uri=None)


@pytest.fixture(scope="session")
def signs(client: Client) -> Client:
    return replace(client, require_signed_request_object=True)


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "ES256", **header: Any) -> str:
    # Not jwt.encode: JSON can spell a lone surrogate, UTF-8 cannot.
    payload = json.dumps(claims).encode()
    return jws.serialize_compact({"alg": alg, "kid": "beijing-1", **header}, payload, key, algorithms=[alg])


def with_changes(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**SIGNED, **changes}.items() if value is not None}


def incoming(client: Client, token: str, *more: tuple[str, str]) -> Incoming:
    return Incoming(client, Parameters((*OUTER, *more, ("request", token))))


async def error_of(objects: RequestObjects, asked: Incoming) -> str:
    with pytest.raises(RedirectRefusal) as refused:
        await objects.opened(asked)
    return refused.value.code


async def test_the_objects_parameters_take_the_place_of_those_outside_core_6_1(
    objects: RequestObjects, client: Client
) -> None:
    opened = await objects.opened(incoming(client, signed(SIGNED), ("state", "outside"), ("ui_locales", "en")))
    assert opened.parameters.get("state") == GOOD["state"]
    assert opened.parameters.get("ui_locales") == "en"
    assert opened.parameters.get("request") is None
    assert opened.parameters.repeated() == frozenset()
    assert opened.source == "plain", "ui_locales was not signed"


async def test_of_a_client_that_signs_nothing_outside_counts_rfc9101_6_3(
    objects: RequestObjects, signs: Client
) -> None:
    opened = await objects.opened(incoming(signs, signed(with_changes(state=None)), ("state", "outside")))
    assert opened.parameters.get("state") is None
    assert opened.source == "object"


async def test_numbers_objects_and_resources_become_parameters_core_6_1(
    objects: RequestObjects, client: Client
) -> None:
    claims = with_changes(max_age=10, claims={"id_token": {"acr": None}}, resource=["https://a", "https://b"])
    opened = await objects.opened(incoming(client, signed(claims)))
    assert opened.parameters.get("max_age") == "10"
    assert opened.parameters.get("claims") == '{"id_token":{"acr":null}}'
    assert opened.parameters.all("resource") == ("https://a", "https://b")


@pytest.mark.parametrize(
    "value", [["a", "b"], [], True, False, 1.5, 10**20, [{"type": "payment"}], "line\nfeed"], ids=str
)
async def test_a_parameter_that_is_not_recognized_is_ignored_whatever_it_holds_rfc6749_3_1(
    value: object, objects: RequestObjects, signs: Client
) -> None:
    opened = await objects.opened(incoming(signs, signed(with_changes(authorization_details=value))))
    assert opened.parameters.get("authorization_details") is None
    assert opened.parameters.get("state") == GOOD["state"]


async def test_null_and_names_with_control_characters_are_ignored_too_rfc6749_3_1(
    objects: RequestObjects, signs: Client
) -> None:
    opened = await objects.opened(incoming(signs, signed({**SIGNED, "else": None, "line\nfeed": "x"})))
    assert {name for name, _ in opened.parameters.pairs} == set(GOOD)


@pytest.mark.parametrize("name", sorted(RECOGNIZED - {"client_id"}))
async def test_a_recognized_parameter_must_be_of_its_form_rfc9101_4(
    name: str, objects: RequestObjects, client: Client
) -> None:
    for value in (True, 1.5, [["a"]]):
        asked = incoming(client, signed(with_changes(**{name: value})))
        assert await error_of(objects, asked) == "invalid_request_object"


async def test_a_request_without_an_object_stays_as_it_is(objects: RequestObjects, client: Client) -> None:
    asked = Incoming(client, Parameters(OUTER))
    assert await objects.opened(asked) is asked


@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_what_is_not_switched_on_is_refused_with_its_own_error_core_6(
    name: str, objects: RequestObjects, client: Client
) -> None:
    off = replace(objects, features=REGION)
    asked = Incoming(client, Parameters((*OUTER, (name, "https://rp.example/1"))))
    assert await error_of(off, asked) == f"{name}_not_supported"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "tianjin"},
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"sub": "beijing"},
        {"client_id": None},
        {"client_id": "tianjin"},
        {"exp": int(NOW) - 31},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"nbf": int(NOW) + 61},
        {"iat": int(NOW) + 61},
        {"nbf": True},
        {"iat": False},
        {"request": "e30.e30.e30"},
        {"request_uri": "https://rp.example/1"},
        {"state": ["a", "b"]},
        {"state": True},
        {"max_age": 1.5},
        {"state": "line\nfeed"},
        {"state": "\ud800"},
    ],
    ids=str,
)
async def test_a_claim_that_is_not_good_is_invalid_request_object(
    changes: dict[str, Any], objects: RequestObjects, client: Client
) -> None:
    assert await error_of(objects, incoming(client, signed(with_changes(**changes)))) == "invalid_request_object"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"nbf": None},
        {"nbf": int(NOW) - 3631, "exp": int(NOW) - 32},
        {"nbf": int(NOW) - 3640, "exp": int(NOW) - 20},
        {"nbf": int(NOW), "exp": int(NOW) + 3601},
    ],
    ids=str,
)
async def test_a_client_that_signs_must_say_who_for_whom_and_when_fapi2_ms_5_3_1(
    changes: dict[str, Any], objects: RequestObjects, signs: Client
) -> None:
    assert await error_of(objects, incoming(signs, signed(with_changes(**changes)))) == "invalid_request_object"


async def test_a_clock_that_is_eight_seconds_fast_is_no_reason_to_refuse(
    objects: RequestObjects, signs: Client
) -> None:
    opened = await objects.opened(incoming(signs, signed(with_changes(nbf=int(NOW) + 8))))
    assert opened.source == "object"


def _raw(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _bent() -> dict[str, str]:
    good = signed(SIGNED)
    head, payload, signature = good.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    public = json.dumps(KEY.as_dict(private=False)).encode()
    other = ECKey.generate_key("P-256")
    return {
        "another signature": f"{head}.{payload}.{flipped}",
        "padding": good + "=",
        "signature missing": f"{head}.{payload}.",
        "another key": signed(SIGNED, other),
        "another kid": signed(SIGNED, kid="nobody's"),
        "kid of another type": signed(SIGNED).replace(head, _raw({"alg": "ES256", "kid": ["beijing-1"]})),
        "key confusion": signed(SIGNED, OctKey.import_key(public), "HS256"),
        "unknown crit": signed(SIGNED).replace(head, _raw({"alg": "ES256", "kid": "beijing-1", "crit": ["x"], "x": 1})),
        "another kind of JWT": signed(SIGNED, typ="dpop+jwt"),
        "an access token's typ": signed(SIGNED, typ="at+jwt"),
        "typ is a list": f"{_raw({'alg': 'ES256', 'kid': 'beijing-1', 'typ': ['JWT']})}.{payload}.{signature}",
        "typ is an object": f"{_raw({'alg': 'ES256', 'kid': 'beijing-1', 'typ': {}})}.{payload}.{signature}",
        "header is a list": f"{_raw([])}.{payload}.{signature}",
        "header is deep": f"{base64.urlsafe_b64encode(b'[' * 6000).decode()}.{payload}.{signature}",
        "not a JWT": "nonsense",
        "encrypted": "a.b.c.d.e",
        "too long": f"{head}.{payload}{'A' * LONGEST}.{signature}",
        "not ASCII": f"{head}.{payload}.签",
        "payload is a list": f"{head}.{_raw([])}.{signature}",
    }


@pytest.mark.parametrize("name", list(_bent()))
async def test_a_bent_object_is_invalid_request_object(name: str, objects: RequestObjects, client: Client) -> None:
    assert await error_of(objects, incoming(client, _bent()[name])) == "invalid_request_object"


@pytest.mark.parametrize("alg", [None, 7, True, ["ES256"], {"ES256": 1}, "", "es256"], ids=repr)
async def test_the_algorithm_is_named_by_a_text_rfc7515_4_1_1(
    alg: object, objects: RequestObjects, client: Client
) -> None:
    _, payload, signature = signed(SIGNED).split(".")
    bent = f"{_raw({'alg': alg, 'kid': 'beijing-1'})}.{payload}.{signature}"
    assert await error_of(objects, incoming(client, bent)) == "invalid_request_object"


async def test_an_object_that_is_good_but_too_long_is_refused(objects: RequestObjects, client: Client) -> None:
    assert (await objects.opened(incoming(client, signed(with_changes(state="x" * 4000))))).opened
    token = signed(with_changes(state="x" * LONGEST))
    assert await error_of(objects, incoming(client, token)) == "invalid_request_object"


@pytest.mark.parametrize(
    ("name", "text"), [("encrypted", "Encrypted request objects"), ("another kid", "has published no key")]
)
async def test_whoever_encrypts_or_uses_another_key_is_told_what_is_wrong(
    name: str, text: str, objects: RequestObjects, client: Client
) -> None:
    with pytest.raises(RedirectRefusal, match=text):
        await objects.opened(incoming(client, _bent()[name]))


async def test_an_unsigned_object_is_not_supported_and_on_fapi_2_invalid(
    objects: RequestObjects, client: Client
) -> None:
    unsigned = f"{_raw({'alg': 'none'})}.{_raw(SIGNED)}."
    assert await error_of(objects, incoming(client, unsigned)) == "request_not_supported"
    assert await error_of(objects, incoming(replace(client, profile="fapi2"), unsigned)) == "invalid_request_object"


async def test_only_the_registered_algorithm_will_do_and_rs256_never_on_fapi_2(
    objects: RequestObjects, client: Client
) -> None:
    rsa = client_key("RS256", "beijing-rsa")
    published = replace(client, jwks={"keys": [rsa.as_dict(private=False), KEY.as_dict(private=False)]})
    by_rsa = signed(SIGNED, rsa, "RS256", kid="beijing-rsa")
    assert (await objects.opened(incoming(published, by_rsa))).opened
    for refusing in (replace(published, profile="fapi2"), replace(published, request_object_signing_alg="ES256")):
        assert await error_of(objects, incoming(refusing, by_rsa)) == "invalid_request_object"


async def test_where_no_key_is_published_nothing_is_signed_well(objects: RequestObjects, client: Client) -> None:
    keyless = replace(client, jwks=None, jwks_uri=None)
    assert await error_of(objects, incoming(keyless, signed(SIGNED))) == "invalid_request_object"


async def test_both_forms_at_once_are_invalid_request_core_6(objects: RequestObjects, client: Client) -> None:
    asked = incoming(client, signed(SIGNED), ("request_uri", "https://rp.example/1"))
    assert await error_of(objects, asked) == "invalid_request"


async def test_response_type_must_not_differ_core_6_1(objects: RequestObjects, client: Client) -> None:
    asked = incoming(client, signed(with_changes(response_type="id_token")))
    assert await error_of(objects, asked) == "invalid_request"


async def test_by_reference_only_from_where_the_client_registered_core_6_2(
    objects: RequestObjects, client: Client
) -> None:
    with Listener() as listener:
        uri = f"http://beijing.localhost:{listener.port}/request"
        token = signed(SIGNED).encode()
        listener.replies["/request"] = Reply(200, token, "application/oauth-authz-req+jwt")
        asked = Incoming(client, Parameters((*OUTER, ("request_uri", uri))))
        assert await error_of(objects, asked) == "invalid_request_uri"
        registered = replace(client, request_uris=(uri,))
        opened = await objects.opened(replace(asked, client=registered))
        assert opened.parameters.get("state") == GOOD["state"]
        # The same address named by one that registered itself leads into our own network.
        stranger = replace(registered, registered=True)
        assert await error_of(objects, replace(asked, client=stranger)) == "invalid_request_uri"
        listener.replies["/request"] = Reply(200, token, "text/html")
        assert await error_of(objects, replace(asked, client=registered)) == "invalid_request_uri"
        listener.replies["/request"] = Reply(200, "签".encode(), "application/jwt")
        assert await error_of(objects, replace(asked, client=registered)) == "invalid_request_object"
        unsigned = f"{_raw({'alg': 'none'})}.{_raw(SIGNED)}."
        listener.replies["/request"] = Reply(200, unsigned.encode(), "application/oauth-authz-req+jwt")
        assert await error_of(objects, replace(asked, client=registered)) == "request_uri_not_supported"
