"""The provider's metadata, derived from what it does (Discovery 3, RFC 8414 2)."""

from __future__ import annotations

from typing import Any

from idp.model import LEVELS
from idp.oauth.authorization_request import PROMPTS
from idp.oauth.claims import CLAIMS_OF_SCOPE
from idp.oauth.registration import SUPPORTED
from web.language import LANGUAGES

_ID_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid")


def metadata(issuer: str) -> dict[str, Any]:
    """Return the document of /.well-known/openid-configuration."""
    claims = [claim for names in CLAIMS_OF_SCOPE.values() for claim in names]
    client_authentication = {
        f"{endpoint}_endpoint_auth_{what}": SUPPORTED[f"token_endpoint_auth_{what}"]
        for endpoint in ("token", "introspection", "revocation")
        for what in ("methods_supported", "signing_alg_values_supported")
    }
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/end_session",
        "scopes_supported": SUPPORTED["scopes_supported"],
        "response_types_supported": SUPPORTED["response_types_supported"],
        "response_modes_supported": ["query"],
        "grant_types_supported": SUPPORTED["grant_types_supported"],
        "subject_types_supported": SUPPORTED["subject_types_supported"],
        "id_token_signing_alg_values_supported": SUPPORTED["id_token_signing_alg_values_supported"],
        **client_authentication,
        "acr_values_supported": list(LEVELS),
        "prompt_values_supported": sorted(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*claims, *_ID_TOKEN_CLAIMS}),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "ui_locales_supported": list(LANGUAGES),
    }
