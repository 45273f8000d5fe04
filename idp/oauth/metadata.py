"""The provider's metadata, derived from what it does (Discovery 3, RFC 8414 2)."""

from __future__ import annotations

from typing import Any

from idp.features import Features
from idp.model import LEVELS
from idp.oauth.authorization_request import PROMPTS
from idp.oauth.claims import supported
from web.dpop import ALGORITHMS as DPOP_ALGORITHMS
from web.language import LANGUAGES

_FRONT_CHANNEL = {"frontchannel_logout_supported": True, "frontchannel_logout_session_supported": True}
_ID_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid")


def metadata(issuer: str, features: Features) -> dict[str, Any]:
    """Return the document of /.well-known/openid-configuration."""
    client_authentication: dict[str, Any] = {}
    for endpoint in ("token", "introspection", "revocation"):
        # RFC 7662 2.1: who asks about tokens proves who it is.
        methods = [one for one in features.client_auth_methods if (endpoint, one) != ("introspection", "none")]
        client_authentication[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        client_authentication[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = [
            *features.client_auth_algs,
            *features.client_secret_algs,
        ]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        # RFC 9126 5: no duty of all; a client registered so must push.
        "require_pushed_authorization_requests": False,
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/end_session",
        **({"registration_endpoint": f"{issuer}/register"} if features.registration else {}),
        "scopes_supported": list(features.scopes),
        "response_types_supported": list(features.response_types),
        "response_modes_supported": list(features.response_modes),
        "grant_types_supported": list(features.grant_types),
        "subject_types_supported": list(features.subject_types),
        "id_token_signing_alg_values_supported": list(features.id_token_algs),
        **_if_any("userinfo_signing_alg_values_supported", features.userinfo_algs),
        **_if_any("authorization_signing_alg_values_supported", features.authorization_algs),
        **client_authentication,
        "acr_values_supported": list(LEVELS),
        "prompt_values_supported": sorted(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*supported(features), *_ID_TOKEN_CLAIMS}),
        "claims_parameter_supported": features.claims_parameter,
        "request_parameter_supported": features.request_parameter,
        "request_uri_parameter_supported": features.request_uri_parameter,
        # Registration 2: what is fetched was registered, so that nobody makes us ask anywhere.
        "require_request_uri_registration": features.request_uri_parameter,
        **_if_any("request_object_signing_alg_values_supported", features.request_object_algs),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        **({"check_session_iframe": f"{issuer}/check_session"} if features.session_management else {}),
        **(_FRONT_CHANNEL if features.frontchannel_logout else {}),
        "ui_locales_supported": list(LANGUAGES),
    }


def _if_any(name: str, values: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the member, or nothing where there is none to list (Discovery 4.2)."""
    return {name: list(values)} if values else {}
