"""client_secret_jwt: an HMAC by a secret that is kept nowhere (Core 9, RFC 7523 3, RFC 7518 3.2)."""

from __future__ import annotations

import hmac
import json
from typing import Any

import httpx
import pytest

from tests.idp.register.conftest import Registrar
from tests.idp.register.test_use import KEY, client_of
from tests.portal_client import ASSERTION_TYPE, PortalClient, refusal
from tests.replaced import replace
from web.base64url import encode

METHOD = "client_secret_jwt"


def signed_in(registrar: Registrar, **metadata: Any) -> tuple[PortalClient, dict[str, Any]]:
    """Register such a client."""
    return client_of(registrar, token_endpoint_auth_method=METHOD, **metadata)


def assertion(client: PortalClient, key: str | bytes, alg: str = "HS256", **changes: Any) -> str:
    """Return an assertion signed with that secret; by hand, since libraries refuse to sign with what is no secret."""
    now = int(client.clock())
    right = {"iss": client.client_id, "sub": client.client_id, "aud": client.issuer, "iat": now, "exp": now + 60}
    claims = {**right, "jti": f"jti-{now}-{len(json.dumps(changes))}-{key!r}", **changes}
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": alg}, claims))
    raw = key.encode() if isinstance(key, str) else key
    return f"{text}.{encode(hmac.digest(raw, text.encode(), f'sha{alg[2:]}'))}"


def asked(client: PortalClient, token: str) -> httpx.Response:
    """Revoke a token that there is not: 200 for whoever is authenticated."""
    form = {"token": "none", "client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    return client.http.post(f"{client.issuer}/revoke", data=form)


def test_a_client_signs_people_in_with_an_hmac_by_its_secret_core_9(registrar: Registrar) -> None:
    client, told = signed_in(registrar)
    assert len(told["client_secret"]) == 43
    landing = client.sign_in(registrar.provider.visitor())
    form = {name: value for name, value in client.redemption(landing).items() if value is not None}
    form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(client, told["client_secret"])}
    answer = client.http.post(f"{client.issuer}/token", data=form)
    assert answer.status_code == 200, answer.text
    # And not once more with the same one (RFC 7523 3, no. 7).
    assert refusal(client.http.post(f"{client.issuer}/token", data=form), 401) == "invalid_client"


def test_another_secret_or_another_clients_is_refused_rfc7523_3(registrar: Registrar) -> None:
    (client, told), (_, other) = signed_in(registrar), signed_in(registrar)
    assert told["client_secret"] != other["client_secret"]
    for wrong in (other["client_secret"], told["client_secret"] + "x", "x" * 43):
        assert refusal(asked(client, assertion(client, wrong)), 401) == "invalid_client"
    assert asked(client, assertion(client, told["client_secret"])).status_code == 200


def test_a_derived_secret_that_is_not_the_registered_one_is_refused(registrar: Registrar) -> None:
    client, told = signed_in(registrar)
    assert asked(client, assertion(client, told["client_secret"])).status_code == 200
    store, run = registrar.provider.parts.stores.registered_clients, registrar.provider.run
    row = run(store.get(client.client_id))
    # As with another MANYOU_KEY_SECRET than the one under which it registered.
    assert run(store.replace(replace(row, secret_hash="0" * 64, changed_at=row.changed_at + 1)))
    assert refusal(asked(client, assertion(client, told["client_secret"], x=1)), 401) == "invalid_client"


def test_its_claims_are_judged_as_those_of_any_assertion_rfc7523_3(registrar: Registrar) -> None:
    client, told = signed_in(registrar)
    now = int(client.clock())
    for wrong in ({"aud": "https://other.example"}, {"exp": now - 60}, {"exp": now + 7200}, {"iss": "x"}, {"jti": ""}):
        assert refusal(asked(client, assertion(client, told["client_secret"], **wrong)), 401) == "invalid_client"


def test_a_published_key_is_nobodys_secret_rfc8725_3_1(registrar: Registrar) -> None:
    public = KEY.as_dict(private=False)
    client, _ = client_of(registrar, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]})
    for key in (KEY.as_pem(private=False), KEY.as_der(private=False), json.dumps(public), public["n"]):
        assert refusal(asked(client, assertion(client, key)), 401) == "invalid_client"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_who_is_registered_for_another_method_does_not_get_in_by_this_one_rfc7591_2(
    registrar: Registrar, method: str
) -> None:
    client, told = client_of(registrar, token_endpoint_auth_method=method)
    derived = registrar.provider.parts.registration.derived_secrets.of(client.client_id)
    for secret in (told.get("client_secret", "x" * 43), derived):
        assert refusal(asked(client, assertion(client, secret)), 401) == "invalid_client"


def test_the_secret_itself_proves_nothing_where_an_hmac_is_registered_rfc7591_2(registrar: Registrar) -> None:
    client, told = signed_in(registrar)
    by_basic = (told["client_id"], told["client_secret"])
    assert client.http.post(f"{client.issuer}/revoke", data={"token": "none"}, auth=by_basic).status_code == 401


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_hs256_alone_is_taken(registrar: Registrar, alg: str) -> None:
    client, told = signed_in(registrar)
    assert refusal(asked(client, assertion(client, told["client_secret"], alg)), 401) == "invalid_client"
    answer = registrar.post(token_endpoint_auth_method=METHOD, token_endpoint_auth_signing_alg=alg)
    assert refusal(answer) == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("method", "alg"), [(METHOD, "ES256"), ("private_key_jwt", "HS256"), ("client_secret_basic", "HS256")]
)
def test_each_method_has_its_own_algorithms_openid_registration_2(registrar: Registrar, method: str, alg: str) -> None:
    jwks = {"keys": [KEY.as_dict(private=False)]}
    answer = registrar.post(token_endpoint_auth_method=method, token_endpoint_auth_signing_alg=alg, jwks=jwks)
    assert refusal(answer) == "invalid_client_metadata"


def test_nothing_readable_is_kept(registrar: Registrar) -> None:
    _, told = signed_in(registrar)
    files = list(registrar.provider.var.rglob("*"))
    assert any(file.name == "idp.db" for file in files)
    for file in files:
        assert file.is_dir() or told["client_secret"].encode() not in file.read_bytes()


def test_who_changes_to_it_is_given_a_secret_for_it_and_who_stays_keeps_it_rfc7592_2_2(registrar: Registrar) -> None:
    client, told = client_of(registrar, token_endpoint_auth_method="client_secret_basic")
    changed = registrar.put(told, token_endpoint_auth_method=METHOD).json()
    assert changed["client_secret"] != told["client_secret"]
    assert asked(client, assertion(client, changed["client_secret"])).status_code == 200
    again = registrar.put(told, token_endpoint_auth_method=METHOD).json()
    assert again.get("client_secret") in (None, changed["client_secret"])
    assert asked(client, assertion(client, changed["client_secret"], x=1)).status_code == 200
    registrar.put(told, token_endpoint_auth_method="none")
    assert asked(client, assertion(client, changed["client_secret"], x=22)).status_code == 401


def test_fapi_2_has_no_secrets_fapi_2_5_3_2_1(registrar: Registrar) -> None:
    assert refusal(registrar.post(profile="fapi2", token_endpoint_auth_method=METHOD)) == "invalid_client_metadata"
