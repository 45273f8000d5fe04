"""From registered metadata to the Client that everything else reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.clients import Clients
from idp.features import Features
from idp.model import Client, Display, Profile, RegisteredClient
from idp.oauth import client_metadata_uris
from idp.oauth.shown_text import shown_text
from idp.oauth.subject import sector_of
from idp.stores.protocols import RegisteredClients

ANY_ALG = ""
"""As token_endpoint_auth_signing_alg: whichever of those that are supported (OpenID Registration 2)."""


def all_clients(operators: Iterable[Client], store: RegisteredClients, features: Features) -> Clients:
    """Return the operator's clients and, where registration is on, those that registered themselves."""
    return Clients(operators, store if features.registration else None, registered_client)


def operators_client(client_id: str, table: Mapping[str, Any], address: str, display: Display) -> Client:
    """Return the operator's client of that identifier at that address."""
    fapi2 = table["profile"] == "fapi2"
    return Client(
        client_id=client_id,
        client_name={"": client_id, **_languages(table, "client_name")},
        client_uri=table.get("client_uri", address),
        token_endpoint_auth_signing_alg=table.get("token_endpoint_auth_signing_alg", "ES256"),
        scope=frozenset(str(table.get("scope", "openid")).split()),
        # Core 8.1 lets clients of one host share subjects; ours are of different governments, wherever they stand.
        sector_identifier=client_id,
        resources=tuple(table.get("resources", ())),
        legal_basis="legal_duty" if table["legal_basis"] == "legal_duty" else "consent",
        display=display,
        secret_hash=table.get("client_secret_sha256"),
        require_pkce=table.get("require_pkce", True) or fapi2,
        **_both(table),
    )


def registered_client(row: RegisteredClient) -> Client:
    """Return a client that registered itself: it has no API, and people decide on all that it gets."""
    table = row.metadata
    names = {language: shown_text(name) for language, name in _languages(table, "client_name").items()}
    public = table["token_endpoint_auth_method"] == "none"
    return Client(
        client_id=row.client_id,
        client_name={"": shown_text(client_metadata_uris.place(table["redirect_uris"])), **_told(names)},
        client_uri=table.get("client_uri") or client_metadata_uris.home(table["redirect_uris"]),
        token_endpoint_auth_signing_alg=table.get("token_endpoint_auth_signing_alg", ANY_ALG),
        scope=frozenset(str(table["scope"]).split()),
        sector_identifier=sector_of(row.client_id, table),
        resources=(),
        legal_basis="consent",
        secret_hash=row.secret_hash,
        registered=True,
        # RFC 9700 2.1.1: a public client has nothing else that ties the code to it.
        require_pkce=public or table["profile"] == "fapi2",
        **_both(table),
    )


def _both(table: Mapping[str, Any]) -> dict[str, Any]:
    profile: Profile = table["profile"]
    return {
        "redirect_uris": tuple(table["redirect_uris"]),
        "application_type": table["application_type"],
        "post_logout_redirect_uris": tuple(table.get("post_logout_redirect_uris", ())),
        "grant_types": tuple(table["grant_types"]),
        "response_types": tuple(table["response_types"]),
        "token_endpoint_auth_method": table["token_endpoint_auth_method"],
        "id_token_signed_response_alg": table["id_token_signed_response_alg"],
        "jwks_uri": table.get("jwks_uri"),
        "jwks": table.get("jwks"),
        "initiate_login_uri": table.get("initiate_login_uri"),
        "backchannel_logout_uri": table.get("backchannel_logout_uri"),
        "profile": profile,
        "require_pushed_authorization_requests": table.get("require_pushed_authorization_requests", False),
        "require_signed_request_object": table.get("require_signed_request_object", False),
        "dpop_bound_access_tokens": table.get("dpop_bound_access_tokens", False),
        "request_object_signing_alg": table.get("request_object_signing_alg"),
        "request_uris": tuple(table.get("request_uris", ())),
        "authorization_signed_response_alg": table.get("authorization_signed_response_alg"),
        "userinfo_signed_response_alg": table.get("userinfo_signed_response_alg"),
        "default_max_age": table.get("default_max_age"),
        "require_auth_time": table.get("require_auth_time", False),
        "default_acr_values": tuple(table.get("default_acr_values", ())),
        "frontchannel_logout_uri": table.get("frontchannel_logout_uri"),
        "frontchannel_logout_session_required": table.get("frontchannel_logout_session_required", False),
        "logo_uri": _languages(table, "logo_uri"),
        "policy_uri": _languages(table, "policy_uri"),
        "tos_uri": _languages(table, "tos_uri"),
    }


def _languages(table: Mapping[str, Any], name: str) -> dict[str, str]:
    """RFC 7591 2.2: `name` itself under the empty text, and `name#language` under the language."""
    return {
        key.partition("#")[2]: str(value) for key, value in table.items() if key == name or key.startswith(f"{name}#")
    }


def _told(names: Mapping[str, str]) -> dict[str, str]:
    return {language: name for language, name in names.items() if name}
