"""From a portal's [client] table to a Client: metadata validated by Authlib (RFC 7591 2, OpenID Registration 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc7591 import ClientMetadataClaims
from authlib.oidc.registration import ClientMetadataClaims as OpenIDClientMetadataClaims
from joserfc.errors import JoseError

from idp.features import REGION
from idp.model import SCOPES, Client, Display
from idp.settings import Settings
from web.addresses import BadPortalFile, PortalFile, portal_folders, read_portal_file

SUPPORTED: Mapping[str, Any] = {
    "scopes_supported": list(SCOPES),
    "response_types_supported": list(REGION.response_types),
    "grant_types_supported": list(REGION.grant_types),
    "token_endpoint_auth_methods_supported": list(REGION.client_auth_methods),
    "token_endpoint_auth_signing_alg_values_supported": list(REGION.client_auth_algs),
    "id_token_signing_alg_values_supported": list(REGION.id_token_algs),
    "subject_types_supported": list(REGION.subject_types),
}
"""What a client may register for; discovery says the same (Discovery 3)."""

_URI_LISTS = ("redirect_uris", "post_logout_redirect_uris", "resources")
_LISTS = (*_URI_LISTS, "grant_types", "response_types")
_URIS = ("client_uri", "jwks_uri", "initiate_login_uri", "backchannel_logout_uri")
_TEXTS = (*_URIS, "client_name", "scope", "subject_type", "id_token_signed_response_alg")
# Host, port, path and query spelt out: no user name, no fragment (RFC 6749 3.1.2), nothing that is not ASCII.
_URI = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?][!-\"$-~]*)?")


def load_clients(settings: Settings) -> list[Client]:
    """Read the [client] table of every portal folder. Raises BadPortalFile."""
    scheme = "https" if settings.secure else "http"
    folders = portal_folders(settings.portals)
    return [client_from(read_portal_file(folder, settings.port_base, scheme)) for folder in folders]


def client_from(portal: PortalFile) -> Client:
    """Return the client that the portal's table describes. Raises BadPortalFile with a sentence."""
    table = portal.table.get("client")
    path = portal.folder / "portal.toml"
    if not isinstance(table, dict):
        raise BadPortalFile(f"{path}: needs a [client] table; docs/add-a-portal.md lists its entries.")
    _validate(path.as_posix(), table)
    redirect_hosts = {urlsplit(uri).hostname or "" for uri in table["redirect_uris"]}
    if len(redirect_hosts) != 1:
        raise BadPortalFile(f"{path}: redirect_uris must share one host (Core 8.1).")
    return Client(
        client_id=portal.client_id,
        client_name=_names(portal, table),
        client_uri=table.get("client_uri", portal.address),
        redirect_uris=tuple(table["redirect_uris"]),
        post_logout_redirect_uris=tuple(table.get("post_logout_redirect_uris", ())),
        grant_types=tuple(table.get("grant_types", ("authorization_code",))),
        response_types=tuple(table.get("response_types", ("code",))),
        token_endpoint_auth_method=table["token_endpoint_auth_method"],
        token_endpoint_auth_signing_alg=table.get("token_endpoint_auth_signing_alg", "ES256"),
        id_token_signed_response_alg=table.get("id_token_signed_response_alg", "RS256"),
        jwks_uri=table.get("jwks_uri"),
        jwks=table.get("jwks"),
        scope=frozenset(str(table.get("scope", "openid")).split()),
        # Core 8.1 lets clients of one host share subjects; ours are of different governments, wherever they stand.
        sector_identifier=portal.client_id,
        initiate_login_uri=table.get("initiate_login_uri"),
        backchannel_logout_uri=table.get("backchannel_logout_uri"),
        resources=tuple(table.get("resources", ())),
        legal_basis="legal_duty" if table.get("legal_basis") == "legal_duty" else "consent",
        display=_display(path.as_posix(), portal.table),
    )


_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def _display(path: str, table: Mapping[str, Any]) -> Display:
    for name in ("short", "greeting", "look", "region"):
        if not isinstance(table.get(name, {}), dict):
            raise BadPortalFile(f"{path}: [{name}] must be a table.")
    region = table.get("region", {})
    for name, colour in table.get("look", {}).items():
        # Goes into a style element.
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise BadPortalFile(f"{path}: [look] {name} must be a colour such as #1f3a5f.")
    if not isinstance(region.get("order", 99), int):
        raise BadPortalFile(f"{path}: [region] order must be a number.")
    return Display(
        short=table.get("short", {}),
        greeting=table.get("greeting", {}),
        look=table.get("look", {}),
        region=str(region.get("code", "")),
        order=region.get("order", 99),
    )


def _names(portal: PortalFile, table: Mapping[str, Any]) -> dict[str, str]:
    # RFC 7591 2.2: client_name, and client_name#en for another language.
    names = {"": str(table.get("client_name", portal.client_id))}
    for key, value in table.items():
        if key.startswith("client_name#"):
            names[key.removeprefix("client_name#")] = str(value)
    return names


def _check_shapes(path: str, table: Mapping[str, Any]) -> None:
    # Before Authlib, which takes the shapes for granted.
    for name in _LISTS:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise BadPortalFile(f"{path}: [client] {name} must be a list of texts.")
    for name in _TEXTS:
        if not isinstance(table.get(name, ""), str):
            raise BadPortalFile(f"{path}: [client] {name} must be a text.")
    keys = table.get("jwks", {"keys": []})
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise BadPortalFile(f"{path}: [client] jwks must be a JWK Set (RFC 7517 5).")


def _validate(path: str, table: Mapping[str, Any]) -> None:
    _check_shapes(path, table)
    for claims_class in (ClientMetadataClaims, OpenIDClientMetadataClaims):
        claims = claims_class(dict(table), {}, claims_class.get_claims_options(SUPPORTED))
        try:
            claims.validate()
        except JoseError as error:
            raise BadPortalFile(f"{path}: [client] {error.description or error}") from error
    if not table.get("redirect_uris"):
        raise BadPortalFile(f"{path}: [client] redirect_uris must list at least one address.")
    if ("jwks_uri" in table) == ("jwks" in table):
        raise BadPortalFile(f"{path}: [client] needs jwks_uri or jwks, and not both (RFC 7591 2).")
    if table.get("token_endpoint_auth_method") not in SUPPORTED["token_endpoint_auth_methods_supported"]:
        raise BadPortalFile(f"{path}: [client] token_endpoint_auth_method must be private_key_jwt.")
    if table.get("legal_basis") not in ("legal_duty", "consent"):
        raise BadPortalFile(f"{path}: [client] legal_basis must be legal_duty or consent.")
    for name in _URI_LISTS:
        for uri in table.get(name, ()):
            _check_uri(path, name, uri)
    for name in _URIS:
        if name in table:
            _check_uri(path, name, table[name])


def _check_uri(path: str, name: str, uri: str) -> None:
    if not _URI.fullmatch(uri):
        raise BadPortalFile(f"{path}: [client] {name}: {uri!r} must be an http(s) address without a fragment.")
