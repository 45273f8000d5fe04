"""What every plan's look at the discovery document holds (Discovery 3, 4.3; RFC 8414 2)."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.conformance.suite import Suite

ARRAYS_OF_WORDS = re.compile(r".*_supported$")
FLAGS = re.compile(
    r"(claims|request|request_uri)_parameter_supported|(back|front)channel_logout_(session_)?supported"
    r"|authorization_response_iss_parameter_supported|require_.*"
)
ADDRESSES = re.compile(r".*_endpoint|jwks_uri|check_session_iframe|service_documentation|op_policy_uri|op_tos_uri")
KNOWN = frozenset({"issuer"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def document(suite: Suite) -> dict[str, Any]:
    """Return the document; its answer, and each of its members, is of the form that it must have."""
    answer = suite.http.get(f"{suite.issuer}/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    told: dict[str, Any] = answer.json()
    for name, value in told.items():
        if FLAGS.fullmatch(name):
            assert isinstance(value, bool), name
        elif ARRAYS_OF_WORDS.fullmatch(name):
            assert isinstance(value, list), name
            assert value, name
            assert all(isinstance(one, str) for one in value), name
            assert len(set(value)) == len(value), name
        elif ADDRESSES.fullmatch(name):
            url = httpx.URL(value)
            assert (url.scheme, url.fragment) == ("https", ""), name
            assert value.startswith(f"{suite.issuer}/"), name
        else:
            assert name in KNOWN, name
    return told


def what_every_plan_needs(suite: Suite, told: dict[str, Any]) -> None:
    """Check the members that each plan looks at."""
    assert told["issuer"] == suite.issuer
    assert {"public", "pairwise"} & set(told["subject_types_supported"])
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert "openid" in told["scopes_supported"]
    assert all(_SCOPE.fullmatch(scope) for scope in told["scopes_supported"])
    assert {"sub", "iss", "aud", "exp", "iat"} <= {*told["claims_supported"], "sub"}
    assert all(_LANGUAGE.fullmatch(tag) for tag in told["ui_locales_supported"])
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert name in told
    assert suite.keys.fetched()
