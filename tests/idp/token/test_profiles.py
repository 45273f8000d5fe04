"""private_key_jwt where a profile or a registration asks for more: FAPI 2.0 Security Profile 5.3.2.1 and 5.4.1."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.datastructures import Headers

from idp.clients import Clients
from idp.errors import TokenRefusal
from tests.idp.provider import Provider
from tests.portal_client import ASSERTION_TYPE, PortalClient
from tests.replaced import replace
from web.forms import Parameters


@pytest.mark.parametrize(
    ("audience", "fapi", "other"),
    [
        ("{issuer}", True, True),
        (["{issuer}"], False, True),
        (["{issuer}", "https://else.example"], False, True),
        ("{issuer}/token", False, True),
        ("{issuer}/par", False, False),
        ("{issuer}/", False, False),
        ("https://else.example", False, False),
    ],
)
def test_the_audience_is_the_issuer_as_a_string_on_fapi2_and_may_be_a_list_or_the_endpoint_elsewhere(
    certified: Provider, audience: Any, fapi: bool, other: bool
) -> None:
    for name, good in (("fapi", fapi), ("by-key", other)):
        client = certified.client(name)
        given = json.loads(json.dumps(audience).replace("{issuer}", client.issuer))
        assert _proves(certified, client, client.assertion(aud=given)) is good, name


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"iat": 10, "nbf": 10}, True),
        ({"iat": 61}, False),
        ({"nbf": 61}, False),
        ({"exp": -300}, False),
        ({"iat": 10, "exp": 3610}, True),
        ({"exp": 3661}, False),
    ],
)
def test_ten_seconds_of_skew_are_taken_and_a_minute_is_not_fapi2_5_3_2_1(
    certified: Provider, claims: dict[str, int], good: bool
) -> None:
    client = certified.client("fapi")
    shifted: dict[str, Any] = {name: int(client.clock()) + seconds for name, seconds in claims.items()}
    assert _proves(certified, client, client.assertion(**shifted)) is good


def test_rs256_is_refused_on_fapi2_whatever_is_registered_fapi2_5_4_1(certified: Provider) -> None:
    client = certified.client("fapi")
    by_rs256 = {"header": {"alg": "RS256"}, "key": _without_alg(client)}
    assert _proves(certified, client, client.assertion())
    assert not _proves(certified, client, client.assertion(**by_rs256))
    for registered in ("RS256", ""):
        for profile, good in (("fapi2", False), ("oidc", True)):
            changes = {"token_endpoint_auth_signing_alg": registered, "profile": profile, "jwks": _jwks(client)}
            assert _proves(certified, client, client.assertion(**by_rs256), **changes) is good, (registered, profile)


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])
def test_who_registered_no_algorithm_may_use_any_that_is_supported_registration_2(
    certified: Provider, alg: str
) -> None:
    client = certified.client({"ES256": "by-key", "RS256": "fapi", "PS256": "fapi"}.get(alg, "other-fapi"))
    assertion = client.assertion(header={"alg": alg}, key=_without_alg(client))
    changes = {"jwks": _jwks(client), "profile": "oidc"}
    assert _proves(certified, client, assertion, token_endpoint_auth_signing_alg="", **changes)
    other = "RS256" if alg == "ES256" else "ES256"
    again = client.assertion(header={"alg": alg}, key=_without_alg(client))
    assert not _proves(certified, client, again, token_endpoint_auth_signing_alg=other, **changes)


@pytest.mark.parametrize("registered", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("sent", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("of_key", ["EdDSA", "Ed25519", None])
def test_eddsa_is_known_by_both_names_rfc9864_2_2(
    certified: Provider, registered: str, sent: str, of_key: str | None
) -> None:
    client = certified.client("other-fapi")
    jwks = {"keys": [{**_jwks(client)["keys"][0], **({} if of_key is None else {"alg": of_key})}]}
    assertion = client.assertion(header={"alg": sent})
    assert _proves(certified, client, assertion, token_endpoint_auth_signing_alg=registered, jwks=jwks)


def test_a_key_that_names_another_algorithm_verifies_nothing_rfc7517_4_4(certified: Provider) -> None:
    client = certified.client("fapi")
    for of_key, good in (("PS256", True), ("RS256", False), ("ES256", False)):
        jwks = {"keys": [{**_jwks(client)["keys"][0], "alg": of_key}]}
        assert _proves(certified, client, client.assertion(), jwks=jwks) is good, of_key


def test_another_endpoint_may_be_the_audience_there_alone_rfc9126_2(certified: Provider) -> None:
    client = certified.client("by-key")
    for path in ("/par", "/introspect", "/revoke"):
        to_it = {"aud": certified.issuer + path}
        assert _proves(certified, client, client.assertion(**to_it), path)
        assert not _proves(certified, client, client.assertion(**to_it))
        assert not _proves(certified, certified.client("fapi"), certified.client("fapi").assertion(**to_it), path)


def _without_alg(client: PortalClient) -> Any:
    # joserfc would not sign with another alg than the key names.
    members = client.registration.key.as_dict(private=True)
    return type(client.registration.key).import_key({name: one for name, one in members.items() if name != "alg"})


def _jwks(client: PortalClient) -> dict[str, Any]:
    return {"keys": [_without_alg(client).as_dict(private=False)]}


def _proves(provider: Provider, client: PortalClient, assertion: str, path: str = "/token", **registered: Any) -> bool:
    """Tell whether the assertion authenticates the client, registered with these changes, at that endpoint."""
    parts = provider.parts
    changed = replace(provider.run(parts.clients.find(client.client_id)), **registered)
    authenticator = replace(parts.token_endpoint.client_authenticator, clients=Clients([changed]))
    form = (("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion))
    try:
        found = provider.run(authenticator.authenticated(Parameters(form), Headers(), path))
    except TokenRefusal as refusal:
        if (refusal.code, refusal.status) != ("invalid_client", 401):
            raise
        return False
    return bool(found == changed)
