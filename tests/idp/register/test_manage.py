"""GET, PUT and DELETE at registration_client_uri, for whoever has the registration_access_token (RFC 7592 2)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import RegistrationRefusal
from idp.model import Delivery
from tests.idp.register.conftest import Registrar
from tests.idp.register.metadata import KEYS, MINIMAL, SITE
from tests.portal_client import refusal


def test_a_client_reads_what_is_registered_rfc7592_2_1(registrar: Registrar) -> None:
    client = registrar.registered(client_name="Shop")
    response = registrar.manage("GET", client)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    # The secret is kept as a hash: what was told once is not told again.
    told_once = ("client_secret", "client_secret_expires_at")
    assert response.json() == {name: value for name, value in client.items() if name not in told_once}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_client_and_a_wrong_token_are_answered_alike_rfc7592_2_1(registrar: Registrar, method: str) -> None:
    client, other = registrar.registered(), registrar.registered()
    uri, issuer = client["registration_client_uri"], registrar.provider.issuer
    answers = [
        registrar.send(method, uri, other["registration_access_token"], json={}),
        registrar.send(method, uri, "wrong", json={}),
        registrar.send(method, f"{issuer}/register/unknown", client["registration_access_token"], json={}),
        registrar.send(method, f"{issuer}/register/{'x' * 1000}", "wrong", json={}),
        registrar.send(method, f"{issuer}/register/alpha", "wrong", json={}),
    ]
    seen = set()
    for response in answers:
        assert refusal(response, 401) == "invalid_token"
        seen.add((response.json()["error_description"], response.headers["www-authenticate"]))
    assert len(seen) == 1
    assert refusal(registrar.send(method, uri, json={}), 401) == "invalid_token"
    assert registrar.manage("GET", client).status_code == 200


def test_a_put_replaces_everything_and_what_is_left_out_is_gone_rfc7592_2_2(registrar: Registrar) -> None:
    client = registrar.registered(client_name="Shop", tos_uri=f"{SITE}/terms", default_max_age=60)
    response = registrar.put(client, client_name="Laden", default_max_age=None)
    assert response.status_code == 200
    answer = response.json()
    assert answer["client_name"] == "Laden"
    assert "tos_uri" not in answer
    assert "default_max_age" not in answer
    assert answer["client_id_issued_at"] == client["client_id_issued_at"]
    assert registrar.manage("GET", client).json() == answer
    found = registrar.provider.run(registrar.provider.parts.clients.find(client["client_id"]))
    assert found is not None
    assert found.name("de") == "Laden"


def test_changes_within_one_moment_are_all_seen(registrar: Registrar) -> None:
    client = registrar.registered(client_name="first")
    for name in ("second", "third"):
        assert registrar.put(client, client_name=name).status_code == 200
        found = registrar.provider.run(registrar.provider.parts.clients.find(client["client_id"]))
        assert found is not None
        assert found.name("en") == name


@pytest.mark.parametrize(
    "metadata",
    [
        {"client_id": None},
        {"client_id": "another"},
        {"client_id": 7},
        {"client_secret": "wrong"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"registration_client_uri": "x"},
        {"client_id_issued_at": 1},
        {"client_secret_expires_at": 0},
        {"redirect_uris": []},
        {"subject_type": "public"},
    ],
    ids=str,
)
def test_a_put_that_is_wrong_changes_nothing_rfc7592_2_2(registrar: Registrar, metadata: dict[str, Any]) -> None:
    client = registrar.registered(client_name="Shop")
    code = "invalid_redirect_uri" if "redirect_uris" in metadata else "invalid_client_metadata"
    assert refusal(registrar.put(client, **{"client_name": "Laden", **metadata})) == code
    assert registrar.manage("GET", client).json()["client_name"] == "Shop"


def test_a_secret_stays_comes_and_goes_with_the_method_rfc7592_2_2(registrar: Registrar) -> None:
    client = registrar.registered()
    kept = registrar.put(client, client_secret=client["client_secret"]).json()
    assert kept["client_secret"] == client["client_secret"]
    assert "client_secret" not in registrar.put(client).json()
    assert "client_secret" not in registrar.put(client, token_endpoint_auth_method="none").json()
    assert refusal(registrar.put(client, client_secret=client["client_secret"])) == "invalid_client_metadata"
    again = registrar.put(client).json()
    assert again["client_secret"] != client["client_secret"]
    assert again["client_secret_expires_at"] == 0


def test_a_delete_takes_the_client_away_rfc7592_2_3(registrar: Registrar) -> None:
    client = registrar.registered()
    response = registrar.manage("DELETE", client)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["cache-control"] == "no-store"
    for method in ("GET", "PUT", "DELETE"):
        assert refusal(registrar.manage(method, client, json={}), 401) == "invalid_token"
    assert registrar.provider.run(registrar.provider.parts.clients.find(client["client_id"])) is None
    page = registrar.provider.visitor().get(f"/authorize?client_id={client['client_id']}")
    assert page.status_code == 400
    events = registrar.provider.run(registrar.provider.parts.stores.audit.latest(1, "client.removed"))
    assert [event.client_id for event in events] == [client["client_id"]]


def test_no_logout_token_is_made_for_a_client_that_was_taken_away_rfc7592_2_3(registrar: Registrar) -> None:
    client = registrar.registered(backchannel_logout_uri=f"{SITE}/out")
    parts, now = registrar.provider.parts, registrar.provider.clock()
    waiting = Delivery(1, client["client_id"], "sid", "sub", f"{SITE}/out", "logged_out", now, 1, now, "pending")
    prepare = parts.deliveries._prepare
    assert registrar.provider.run(prepare(waiting)).logout_token
    assert registrar.manage("DELETE", client).status_code == 204
    with pytest.raises(LookupError, match="registered no more"):
        registrar.provider.run(prepare(waiting))


def test_a_put_that_a_delete_overtakes_brings_the_client_not_back_rfc7592_2_3(registrar: Registrar) -> None:
    client = registrar.registered()
    client_id, token = client["client_id"], client["registration_access_token"]
    registration, run = registrar.provider.parts.registration, registrar.provider.run
    row = run(registration.found(client_id, token))
    assert registrar.manage("DELETE", client).status_code == 204
    with pytest.raises(RegistrationRefusal) as refused:
        run(registration.replace(row, token, {"client_id": client_id, **MINIMAL}))
    assert (refused.value.code, refused.value.status) == ("invalid_token", 401)
    assert run(registrar.provider.parts.clients.find(client_id)) is None


def test_other_methods_are_not_allowed(registrar: Registrar) -> None:
    client = registrar.registered(token_endpoint_auth_method="private_key_jwt", jwks=KEYS)
    assert refusal(registrar.manage("POST", client, json={}), 405) == "invalid_request"
    assert refusal(registrar.manage("PATCH", client, json={}), 405) == "invalid_request"


def test_a_client_that_moves_has_to_ask_people_anew_and_one_that_stays_has_not(registrar: Registrar) -> None:
    client = registrar.registered()
    consents = registrar.provider.parts.stores.consents

    def given() -> set[str]:
        return set(registrar.provider.run(consents.given("li.beijing", client["client_id"])))

    registrar.provider.run(consents.give("li.beijing", client["client_id"], {"email": "consent"}, 1.0))
    for redirect_uris, kept in (
        ([f"{SITE}/another"], {"email"}),
        ([f"{SITE}/another", "https://elsewhere.example/callback"], set()),
    ):
        assert registrar.put(client, redirect_uris=redirect_uris).status_code == 200
        assert given() == kept
