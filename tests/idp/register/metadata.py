"""Metadata that can be registered, to be spoilt, and under which terms."""

from __future__ import annotations

from typing import Any

from idp.features import CERTIFICATION, REGION
from idp.oauth.client_metadata import Terms, registered
from tests.portal_client import client_key

STRANGER = Terms(CERTIFICATION)
VISITOR = Terms(CERTIFICATION, demo=True)
OPERATOR = Terms(CERTIFICATION, operator=True)
REGIONS_OPERATOR = Terms(REGION, demo=True, operator=True)

SITE = "https://site.example"
KEYS = {"keys": [client_key("ES256", "one").as_dict(private=False)]}

MINIMAL: dict[str, Any] = {"redirect_uris": [f"{SITE}/callback"]}

FULL: dict[str, Any] = {
    "client_name": "Une boutique",
    "client_name#zh-Hans": "小店",
    "client_uri": SITE,
    "logo_uri": f"{SITE}/logo.png",
    "policy_uri": f"{SITE}/policy",
    "policy_uri#fr": f"{SITE}/politique",
    "tos_uri": f"{SITE}/terms",
    "redirect_uris": [f"{SITE}/callback", f"{SITE}/callback?kept=1"],
    "post_logout_redirect_uris": [f"{SITE}/bye"],
    "grant_types": ["authorization_code", "refresh_token", "implicit"],
    "response_types": ["code", "code id_token", "id_token token"],
    "application_type": "web",
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks": KEYS,
    "contacts": ["someone@site.example"],
    "scope": "openid profile email",
    "subject_type": "pairwise",
    "sector_identifier_uri": f"{SITE}/sector.json",
    "id_token_signed_response_alg": "ES256",
    "userinfo_signed_response_alg": "RS256",
    "request_object_signing_alg": "PS256",
    "request_uris": [f"{SITE}/request.jwt#hash"],
    "authorization_signed_response_alg": "ES256",
    "default_max_age": 3600,
    "require_auth_time": True,
    "default_acr_values": ["urn:manyou:loa:2"],
    "initiate_login_uri": f"{SITE}/login",
    "backchannel_logout_uri": f"{SITE}/backchannel",
    "backchannel_logout_session_required": True,
    "frontchannel_logout_uri": f"{SITE}/frontchannel",
    "frontchannel_logout_session_required": True,
    "require_pushed_authorization_requests": True,
    "require_signed_request_object": True,
    "dpop_bound_access_tokens": True,
    "software_id": "4b5c",
    "software_version": "1.0",
    "profile": "oidc",
}

FAPI2: dict[str, Any] = {
    "redirect_uris": [f"{SITE}/callback"],
    "profile": "fapi2",
    "jwks": KEYS,
}


def changed(table: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the table with these members in place of its own; None takes one out."""
    return {name: value for name, value in {**table, **changes}.items() if value is not None}


def accepted(table: dict[str, Any], terms: Terms = STRANGER, **changes: Any) -> dict[str, Any]:
    """Return what is registered of the changed table. Raises BadMetadata."""
    return registered(changed(table, **changes), terms)
