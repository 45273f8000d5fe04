"""The members of client metadata: which there are, their JSON types and their greatest sizes.

RFC 7591 2, OpenID Registration 2, RFC 9101 10.5, RFC 9126 6, RFC 9449 5.2, JARM 3, and the log-out specifications.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

LONGEST_URI = 2000
MOST_URIS = 50
MOST_LANGUAGES = 20
LONGEST_AGE = 2**31 - 1

FLAGS = (
    "require_auth_time",
    "backchannel_logout_session_required",
    "frontchannel_logout_session_required",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "dpop_bound_access_tokens",
)
WORDS = (
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "application_type",
    "subject_type",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "request_object_signing_alg",
    "authorization_signed_response_alg",
    "profile",
)
TEXTS = {"client_name": 200, "scope": 500, "software_id": 255, "software_version": 255}
PAGES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
"""What people see of a client; like client_name in several languages (RFC 7591 2.2)."""
URIS = (
    *PAGES,
    "jwks_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "sector_identifier_uri",
)
TAGGED = ("client_name", *PAGES)
LISTS = {
    "redirect_uris": (MOST_URIS, LONGEST_URI),
    "post_logout_redirect_uris": (MOST_URIS, LONGEST_URI),
    "request_uris": (MOST_URIS, LONGEST_URI),
    "grant_types": (10, 100),
    "response_types": (10, 100),
    "contacts": (10, 254),
    "default_acr_values": (10, 100),
}
ENCRYPTION = tuple(
    f"{what}_{how}"
    for what in (
        "id_token_encrypted_response",
        "userinfo_encrypted_response",
        "authorization_encrypted_response",
        "introspection_encrypted_response",
        "request_object_encryption",
    )
    for how in ("alg", "enc")
)
"""Not supported. Whoever asks for encryption is not to believe that it got it."""

OPERATORS_FLAGS = ("require_pkce",)
OPERATORS_WORDS = ("legal_basis", "client_secret_sha256")
OPERATORS_LISTS = {"resources": (MOST_URIS, LONGEST_URI)}
"""Entries of ours, which only the operator's clients can have; from others they are unknown members."""

# RFC 5646 2.1, as far as it matters here.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}")


class BadMetadata(ValueError):
    """Metadata that cannot be registered: the member, one ASCII sentence, and the code of RFC 7591 3.2.2."""

    def __init__(self, name: str, reason: str, code: str = "invalid_client_metadata") -> None:
        self.name = name
        self.code = code
        self.text = f"{name} {reason}."
        super().__init__(self.text)


def bad_redirect_uri(reason: str) -> BadMetadata:
    """Return the refusal of a redirection URI, which has a code of its own (RFC 7591 3.2.2)."""
    return BadMetadata("redirect_uris", reason, "invalid_redirect_uri")


def known_members(metadata: Mapping[str, Any], operator: bool) -> dict[str, Any]:
    """Return the members that mean something here, each of its JSON type and within bounds. Raises BadMetadata.

    Unknown ones are left out (RFC 7591 2), and null is as good as nothing (RFC 7592 2.2).
    """
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        if value is None:
            continue
        base, hash_sign, language = name.partition("#")
        if hash_sign and base in TAGGED:
            if not _LANGUAGE.fullmatch(language):
                raise BadMetadata(base, "must have a language tag after # (RFC 7591 2.2)")
            _check_shape(base, value, operator)
            found[name] = value
        elif _check_shape(name, value, operator):
            found[name] = value
    for base in TAGGED:
        if sum(name.startswith(f"{base}#") for name in found) > MOST_LANGUAGES:
            raise BadMetadata(base, f"must not be in more than {MOST_LANGUAGES} languages")
    return found


def _check_shape(name: str, value: Any, operator: bool) -> bool:
    """Check one member; False if it means nothing here."""
    lists = {**LISTS, **OPERATORS_LISTS} if operator else LISTS
    if name in lists:
        _check_list(name, value, *lists[name])
    elif name in FLAGS or (operator and name in OPERATORS_FLAGS):
        if not isinstance(value, bool):
            raise BadMetadata(name, "must be true or false")
    elif name in WORDS or (operator and name in OPERATORS_WORDS):
        _check_text(name, value, 100)
    elif name in TEXTS or name in URIS:
        _check_text(name, value, TEXTS.get(name, LONGEST_URI))
    elif name == "default_max_age":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_AGE:
            raise BadMetadata(name, f"must be a whole number from 0 to {LONGEST_AGE}")
    elif name in ENCRYPTION:
        raise BadMetadata(name, "cannot be had: nothing is encrypted here")
    elif name == "software_statement":
        # RFC 7591 2.3: what it says would go before what stands beside it, and nobody here can tell who said it.
        raise BadMetadata(name, "cannot be read here", "unapproved_software_statement")
    elif name != "jwks":
        return False
    return True


def _check_list(name: str, value: Any, most: int, longest: int) -> None:
    code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadMetadata(name, "must be a list of texts", code)
    if not 0 < len(value) <= most:
        raise BadMetadata(name, f"must list at least one and at most {most}", code)
    if len(set(value)) != len(value):
        raise BadMetadata(name, "must not list anything twice", code)
    for one in value:
        _check_text(name, one, longest, code)


def _check_text(name: str, value: Any, longest: int, code: str = "invalid_client_metadata") -> None:
    if not isinstance(value, str):
        raise BadMetadata(name, "must be a text", code)
    if not value.strip() or len(value) > longest:
        raise BadMetadata(name, f"must have at least one and at most {longest} characters", code)
    # Format characters are part of some languages; lone surrogates are of none, and no store takes them.
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in value):
        raise BadMetadata(name, "must not hold control characters", code)
