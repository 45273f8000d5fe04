"""What the provider can be asked for: the region's set, or the set that the certification plans ask for.

Discovery, registration and the checks of requests all read the set that is on, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from idp.model import SCOPES

FeatureSet = Literal["region", "certification"]


@dataclass(frozen=True)
class Features:
    """One set of features, in the words of Discovery 3, RFC 8414 2, RFC 9126 5 and JARM 4."""

    scopes: tuple[str, ...] = SCOPES
    response_types: tuple[str, ...] = ("code",)
    response_modes: tuple[str, ...] = ("query",)
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    client_auth_methods: tuple[str, ...] = ("private_key_jwt",)
    client_auth_algs: tuple[str, ...] = ("ES256", "RS256", "PS256", "EdDSA")
    """Those of private_key_jwt."""
    client_secret_algs: tuple[str, ...] = ()
    """Those of client_secret_jwt."""
    id_token_algs: tuple[str, ...] = ("RS256", "ES256")
    userinfo_algs: tuple[str, ...] = ()
    request_object_algs: tuple[str, ...] = ()
    authorization_algs: tuple[str, ...] = ()
    subject_types: tuple[str, ...] = ("pairwise",)
    claims_parameter: bool = False
    standard_claims: bool = False
    """True where there are people with every standard claim of Core 5.1; the region's people have few of them."""
    request_parameter: bool = False
    request_uri_parameter: bool = False
    registration: bool = False
    session_management: bool = False
    frontchannel_logout: bool = False
    pkce_always: bool = True
    """True where PKCE is every client's duty, not only of those registered so (RFC 9700 2.1.1)."""


REGION = Features()

CERTIFICATION = Features(
    response_types=("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"),
    response_modes=(
        "query",
        "fragment",
        "form_post",
        "jwt",
        "query.jwt",
        "fragment.jwt",
        "form_post.jwt",
    ),
    grant_types=("authorization_code", "refresh_token", "implicit"),
    client_auth_methods=("private_key_jwt", "client_secret_basic", "client_secret_post", "client_secret_jwt", "none"),
    client_secret_algs=("HS256",),
    userinfo_algs=("RS256", "ES256"),
    request_object_algs=("RS256", "ES256", "PS256", "EdDSA"),
    authorization_algs=("RS256", "ES256"),
    claims_parameter=True,
    standard_claims=True,
    request_parameter=True,
    request_uri_parameter=True,
    registration=True,
    session_management=True,
    frontchannel_logout=True,
    pkce_always=False,
)

SETS: dict[FeatureSet, Features] = {"region": REGION, "certification": CERTIFICATION}
