"""Client metadata, read in one way whoever hands them in: an operator's [client] table, or a request at /register.

`registered` turns what was handed in into what is registered, with defaults filled in; `client_of` makes a Client of
that. What may be registered follows from the set of features that is on (RFC 7591 2, OpenID Registration 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc7591 import ClientMetadataClaims
from authlib.oidc.registration import ClientMetadataClaims as OpenIDClientMetadataClaims
from joserfc.errors import JoseError

from idp.features import Features
from idp.model import LEVELS
from idp.oauth import client_metadata_keys, client_metadata_uris, response_mode
from idp.oauth.client_metadata_shapes import BadMetadata, bad_redirect_uri, known_members
from idp.oauth.derived_secrets import CLIENT_SECRET_JWT

OPERATORS_SCOPES = frozenset({"real_name", "id_number"})
"""What the region has verified about people: not for strangers (docs/decisions/0014-registration.md)."""

_SECRET_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Terms:
    """Under which metadata are registered: the features that are on, whether this is the demonstration, and by whom."""

    features: Features
    demo: bool = False
    operator: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """What may be asked for at all."""
        scopes = self.features.scopes
        return scopes if self.operator else tuple(one for one in scopes if one not in OPERATORS_SCOPES)


def registered(metadata: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """Return the metadata as they are registered: known members, defaults filled in, all of it checked.

    Raises BadMetadata.
    """
    table = known_members(metadata, terms.operator)
    _fill_in(table, terms)
    for check in CHECKS:
        check(table, terms)
    if "jwks" in table:
        table["jwks"] = client_metadata_keys.public_keys(table["jwks"])
    client_metadata_uris.check(table, operator=terms.operator, demo=terms.demo)
    return table


def _fill_in(table: dict[str, Any], terms: Terms) -> None:
    """The defaults of the specifications; where they leave it open, what the rest of the metadata needs."""
    fapi2 = table.setdefault("profile", "oidc") == "fapi2"
    table.setdefault("application_type", "web")
    table.setdefault("subject_type", "pairwise")
    table.setdefault("response_types", ["code"])
    table.setdefault("grant_types", sorted(_needed_grants(table["response_types"])))
    table.setdefault("token_endpoint_auth_method", "private_key_jwt" if fapi2 else "client_secret_basic")
    table.setdefault("id_token_signed_response_alg", "ES256" if fapi2 else "RS256")
    for name in _FAPI2_FLAGS if fapi2 else ():
        table.setdefault(name, True)
    if not terms.operator:
        # RFC 7591 3.2.1: what cannot be had is left out, and the answer shows it.
        asked = str(table.get("scope", " ".join(terms.scopes))).split()
        table["scope"] = " ".join(one for one in asked if one in terms.scopes)


def _needed_grants(response_types: list[str]) -> set[str]:
    """OpenID Registration 2: which grant types these response types make use of."""
    words = {frozenset(one.split()) for one in response_types}
    needed = {"authorization_code"} if any("code" in one for one in words) else set()
    return needed | ({"implicit"} if any(one & {"token", "id_token"} for one in words) else set())


def _authlib_takes_it(table: Mapping[str, Any], terms: Terms) -> None:
    """What Authlib checks; it takes shapes for granted, and an empty list of what is supported for no limit."""
    features = terms.features
    supported: dict[str, Any] = {
        "scopes_supported": list(terms.scopes),
        "response_types_supported": list(features.response_types),
        "grant_types_supported": list(features.grant_types),
        "token_endpoint_auth_methods_supported": list(features.client_auth_methods),
        "token_endpoint_auth_signing_alg_values_supported": list(_auth_algs(table, features)),
        "id_token_signing_alg_values_supported": list(features.id_token_algs),
        "subject_types_supported": list(features.subject_types),
        "acr_values_supported": list(LEVELS),
    }
    # Without what it reads in its own way: a scheme of an application's own has no host, which it asks of every URI,
    # and it gives up a whole set of keys for one that it does not know.
    plain = {name: value for name, value in table.items() if name not in ("jwks", "redirect_uris")}
    for claims_class in (ClientMetadataClaims, OpenIDClientMetadataClaims):
        claims = claims_class(dict(plain), {}, claims_class.get_claims_options(supported))
        try:
            claims.validate()
        except JoseError as error:
            raise BadMetadata(str(getattr(error, "claim", "metadata")), "is not supported here") from error


def _auth_algs(table: Mapping[str, Any], features: Features) -> tuple[str, ...]:
    """RFC 8725 3.1: a method has algorithms of its own, so that no public key is ever taken for a secret."""
    by_secret = table["token_endpoint_auth_method"] == CLIENT_SECRET_JWT
    return features.client_secret_algs if by_secret else features.client_auth_algs


def _redirect_uris_are_there(table: Mapping[str, Any], terms: Terms) -> None:
    """RFC 7591 2: every response type here answers by redirection."""
    if "redirect_uris" not in table:
        raise bad_redirect_uri("must list at least one address")


def _words_are_supported(table: Mapping[str, Any], terms: Terms) -> None:
    """What Authlib leaves open."""
    features = terms.features
    choices: Mapping[str, tuple[str, ...]] = {
        "application_type": ("web", "native"),
        "token_endpoint_auth_method": features.client_auth_methods,
        "userinfo_signed_response_alg": features.userinfo_algs,
        "request_object_signing_alg": features.request_object_algs,
        "authorization_signed_response_alg": features.authorization_algs,
        "profile": ("oidc", "fapi2"),
    }
    for name, values in choices.items():
        if name in table and table[name] not in values:
            raise BadMetadata(name, f"must be {' or '.join(values)}" if values else "cannot be had here")
    if "openid" not in str(table.get("scope", "openid")).split():
        raise BadMetadata("scope", "must hold openid")


def _types_agree(table: Mapping[str, Any], terms: Terms) -> None:
    """RFC 7591 2.1, OpenID Registration 2: grant_types and response_types say the same."""
    for one in table["response_types"]:
        if response_mode.normal(one) not in terms.features.response_types:
            raise BadMetadata("response_types", "has a value that is not supported here")
    needed, grants = _needed_grants(table["response_types"]), set(table["grant_types"])
    if grants - {"refresh_token"} != needed:
        raise BadMetadata("grant_types", f"must be {' and '.join(sorted(needed))} with these response_types")
    if "refresh_token" in grants and "authorization_code" not in grants:
        raise BadMetadata("grant_types", "must hold authorization_code where it holds refresh_token")


def _keys_can_be_had(table: Mapping[str, Any], terms: Terms) -> None:
    """RFC 7591 2: jwks_uri or jwks, and one of them where something of the client's is to be verified."""
    if "jwks" in table and "jwks_uri" in table:
        raise BadMetadata("jwks_uri", "excludes jwks (RFC 7591 2)")
    signs = table["token_endpoint_auth_method"] == "private_key_jwt" or table.get("require_signed_request_object")
    if (signs or "request_object_signing_alg" in table) and "jwks" not in table and "jwks_uri" not in table:
        raise BadMetadata("jwks_uri", "or jwks is needed, to verify what the client signs (RFC 7591 2)")
    if table.get("require_signed_request_object") and not terms.features.request_object_algs:
        raise BadMetadata("require_signed_request_object", "cannot be had here")


_FAPI2_FLAGS = ("require_pushed_authorization_requests", "dpop_bound_access_tokens")
_ALGS = (
    "token_endpoint_auth_signing_alg",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "request_object_signing_alg",
    "authorization_signed_response_alg",
)


def _profile_is_kept(table: Mapping[str, Any], terms: Terms) -> None:
    """FAPI 2.0 Security Profile 5.3.2 and 5.4: what a client on the profile cannot be registered with."""
    if table["profile"] != "fapi2":
        return
    for name in (*_FAPI2_FLAGS, "require_pkce"):
        if not table.get(name, True):
            raise BadMetadata(name, "must be true with profile fapi2")
    if table["token_endpoint_auth_method"] != "private_key_jwt":
        raise BadMetadata("token_endpoint_auth_method", "must be private_key_jwt with profile fapi2")
    if table["response_types"] != ["code"]:
        raise BadMetadata("response_types", "must be code alone with profile fapi2")
    for name in _ALGS:
        if table.get(name) == "RS256":
            raise BadMetadata(name, "must not be RS256 with profile fapi2")


def _operators_entries_are_good(table: Mapping[str, Any], terms: Terms) -> None:
    """Entries of ours, which strangers cannot have."""
    if not terms.operator:
        return
    if table.get("legal_basis") not in ("legal_duty", "consent"):
        raise BadMetadata("legal_basis", "must be legal_duty or consent")
    if not table.get("require_pkce", True) and terms.features.pkce_always:
        raise BadMetadata("require_pkce", "must be true with these features")
    secret = table.get("client_secret_sha256")
    if table["token_endpoint_auth_method"] == CLIENT_SECRET_JWT:
        raise BadMetadata("token_endpoint_auth_method", "must be one that does with the hash of a secret, or a key")
    if table["token_endpoint_auth_method"].startswith("client_secret_"):
        if secret is None or not _SECRET_HASH.fullmatch(secret):
            raise BadMetadata("client_secret_sha256", "must be the SHA-256 of the secret, 64 digits of 0-9 and a-f")
    elif secret is not None:
        raise BadMetadata("client_secret_sha256", "is for clients that authenticate by client_secret_basic or _post")
    if len(client_metadata_uris.hosts(table["redirect_uris"])) > 1:
        raise BadMetadata("redirect_uris", "must share one host (Core 8.1)")
    if "sector_identifier_uri" in table:
        raise BadMetadata("sector_identifier_uri", "is not for portals: each is a sector of its own")


CHECKS: tuple[Callable[[Mapping[str, Any], Terms], None], ...] = (
    _redirect_uris_are_there,
    _authlib_takes_it,
    _words_are_supported,
    _types_agree,
    _keys_can_be_had,
    _profile_is_kept,
    _operators_entries_are_good,
)
