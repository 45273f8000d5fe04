"""POST /register: who may, what comes back, and what is refused how (RFC 7591 3, OpenID Registration 3)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.operator import operator
from tests.idp.provider import Provider
from tests.idp.register.conftest import INITIAL, Registrar
from tests.idp.register.metadata import FULL, KEYS, MINIMAL, SITE
from tests.portal_client import refusal
from tests.replaced import replace


def test_a_client_is_told_all_that_was_registered_rfc7591_3_2_1(registrar: Registrar) -> None:
    response = registrar.post(client_name="小店", x_unknown=1)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    issuer = registrar.provider.issuer
    assert answer["client_id_issued_at"] == int(registrar.provider.clock())
    assert answer["client_secret_expires_at"] == 0
    assert len(answer["client_secret"]) >= 43
    assert len(answer["registration_access_token"]) >= 43
    assert answer["registration_client_uri"] == f"{issuer}/register/{answer['client_id']}"
    assert answer["client_name"] == "小店"
    assert answer["grant_types"] == ["authorization_code"]
    assert "x_unknown" not in answer


def test_everything_that_can_be_registered_comes_back_as_it_was_sent(registrar: Registrar) -> None:
    answer = registrar.registered(**{**FULL, "sector_identifier_uri": None})
    for name, value in FULL.items():
        if name != "sector_identifier_uri":
            assert answer[name] == value, name


@pytest.mark.parametrize("method", ["private_key_jwt", "none"])
def test_who_needs_no_secret_gets_none(registrar: Registrar, method: str) -> None:
    answer = registrar.registered(token_endpoint_auth_method=method, jwks=KEYS)
    assert "client_secret" not in answer
    assert "client_secret_expires_at" not in answer


def test_no_two_clients_share_anything(registrar: Registrar) -> None:
    first, second = registrar.registered(), registrar.registered()
    for name in ("client_id", "client_secret", "registration_access_token", "registration_client_uri"):
        assert first[name] != second[name]


def test_only_hashes_of_secrets_are_kept(registrar: Registrar) -> None:
    answer = registrar.registered()
    kept = b"".join(path.read_bytes() for path in registrar.provider.var.glob("idp.db*"))
    assert answer["client_id"].encode() in kept
    assert answer["client_secret"].encode() not in kept
    assert answer["registration_access_token"].encode() not in kept


@pytest.mark.parametrize("token", [None, "wrong", INITIAL[:-1], f"{INITIAL}x", "é"])
def test_without_the_initial_access_token_nobody_registers_rfc7591_3(registrar: Registrar, token: str | None) -> None:
    headers = {"authorization": f"Bearer {token}".encode()} if token is not None else {}
    response = registrar.send("POST", f"{registrar.provider.issuer}/register", json=MINIMAL, headers=headers)
    assert refusal(response, 401) == "invalid_token"
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith(f'Bearer realm="{registrar.provider.issuer}"')


def test_a_wrong_token_is_told_so_and_a_missing_one_learns_no_code_rfc6750_3_1(registrar: Registrar) -> None:
    assert 'error="invalid_token"' in registrar.post(token="wrong").headers["www-authenticate"]
    assert "error" not in registrar.post(token=None).headers["www-authenticate"]


def test_two_authorization_headers_are_none(registrar: Registrar) -> None:
    headers = [("authorization", f"Bearer {INITIAL}"), ("authorization", f"Bearer {INITIAL}")]
    client = registrar.provider.client("alpha")
    response = client.http.post(f"{registrar.provider.issuer}/register", json=MINIMAL, headers=headers)
    assert refusal(response, 401) == "invalid_token"


@pytest.fixture
def without_token(registrar: Registrar) -> Iterator[Callable[..., Registrar]]:
    """Let no initial access token be set at the provider for a while."""
    state = registrar.provider.region.app("idp").state
    as_it_was = state.parts

    def changed(*, demo: bool) -> Registrar:
        settings = as_it_was.settings.model_copy(update={"demo": demo, "idp_initial_access_token": ""})
        state.parts = replace(as_it_was, settings=settings)
        return registrar

    yield changed
    state.parts = as_it_was


def test_outside_the_demonstration_nobody_registers_where_no_token_is_set(
    without_token: Callable[..., Registrar],
) -> None:
    registrar = without_token(demo=False)
    for token in (None, "x", INITIAL):
        assert refusal(registrar.post(token=token), 401) == "invalid_token"


def test_in_the_demonstration_anybody_registers_where_no_token_is_set_until_there_are_very_many(
    without_token: Callable[..., Registrar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.oauth.dynamic_registration.MOST_OPEN", 2)
    registrar = without_token(demo=True)
    assert [registrar.post(token=None).status_code for _ in range(2)] == [201, 201]
    response = registrar.post(token=None)
    assert refusal(response, 503) == "temporarily_unavailable"
    assert int(response.headers["retry-after"]) > 0


def test_the_region_has_no_such_address(provider: Provider) -> None:
    http = provider.client("alpha").http
    unknown = http.post(f"{provider.issuer}/no-such-path", json={})
    for path in ("/register", "/register/alpha"):
        response = http.post(f"{provider.issuer}{path}", json=MINIMAL)
        assert response.status_code == unknown.status_code == 404
        assert response.headers["content-type"] == unknown.headers["content-type"]
    assert "registration_endpoint" not in provider.get("/.well-known/openid-configuration").json()


def test_discovery_names_the_address(registrar: Registrar) -> None:
    document = registrar.provider.get("/.well-known/openid-configuration").json()
    assert document["registration_endpoint"] == f"{registrar.provider.issuer}/register"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"{SITE}/callback#part"]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "unknown"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}, "jwks_uri": f"{SITE}/jwks"}, "invalid_client_metadata"),
        ({"client_name": "\ud800"}, "invalid_client_metadata"),
    ],
    ids=str,
)
def test_metadata_that_cannot_be_registered_are_refused_with_their_code_rfc7591_3_2_2(
    registrar: Registrar, metadata: dict[str, Any], code: str
) -> None:
    response = registrar.send(
        "POST",
        f"{registrar.provider.issuer}/register",
        INITIAL,
        content=json.dumps({**MINIMAL, **metadata}),
        headers={"content-type": "application/json; charset=UTF-8"},
    )
    assert refusal(response) == code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b'{"redirect_uris": NaN}', 400),
        (b'{"redirect_uris": ["https://site.example/"], "redirect_uris": ["https://other.example/"]}', 400),
        (b'{"jwks": {"keys": [], "keys": []}}', 400),
        (b'{"default_max_age": ' + b"9" * 6000 + b"}", 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 60_000, 400),
        (b'{"x":' * 10_000, 400),
        (b'{"x": "' + b"x" * 70_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_no_json_object_is_refused(registrar: Registrar, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    response = registrar.send("POST", f"{registrar.provider.issuer}/register", INITIAL, content=body, headers=headers)
    assert refusal(response, status) == "invalid_client_metadata"


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "", "application/jwt"])
def test_another_media_type_is_refused(registrar: Registrar, media_type: str) -> None:
    headers = {"content-type": media_type}
    content = json.dumps(MINIMAL)
    response = registrar.send(
        "POST", f"{registrar.provider.issuer}/register", INITIAL, content=content, headers=headers
    )
    assert refusal(response, 415) == "invalid_client_metadata"


def test_only_post_is_allowed(registrar: Registrar) -> None:
    for method in ("GET", "PUT", "DELETE"):
        response = registrar.send(method, f"{registrar.provider.issuer}/register", INITIAL)
        assert refusal(response, 405) == "invalid_request"
        assert response.headers["allow"] == "POST"


def test_registrations_and_refusals_are_security_events(registrar: Registrar) -> None:
    client_id = registrar.registered()["client_id"]
    registrar.post(token="wrong")
    latest = registrar.provider.run(registrar.provider.parts.stores.audit.latest(2))
    assert [(event.event, event.client_id) for event in latest] == [
        ("registration.refused", None),
        ("client.registered", client_id),
    ]
    assert INITIAL not in str(latest)


def test_an_operators_commands_know_those_that_registered_themselves(registrar: Registrar) -> None:
    """Whom `manyou people freeze` signs out is told everywhere."""
    client_id = registrar.registered()["client_id"]

    async def found() -> str | None:
        async with operator(registrar.provider.parts.settings, registrar.provider.clock) as commands:
            client = await commands.clients.find(client_id)
            return client.client_id if client is not None else None

    assert asyncio.run(found()) == client_id
