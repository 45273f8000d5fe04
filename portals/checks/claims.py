"""Checks on the claims as data: one JSON object, and each claim of the type its specification gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, passed, shown
from portals.token_parts import Malformed, json_type, read_object

LATEST = 253_402_300_799
"""The last second of the year 9999: what lies beyond is no date."""


def claims(evidence: Evidence) -> Outcome:
    """Read the payload as one JSON object without repeated names (RFC 7519 4, 7.2)."""
    expected = "a JSON object, each name once"
    try:
        evidence.claims = read_object(evidence.parts.payload if evidence.parts else b"")
    except Malformed as error:
        return failed(f"token.claims.{error.way}", expected, error.found)
    return passed(expected, f"{len(evidence.claims)} claims")


def types(evidence: Evidence) -> Outcome:
    """Refuse a known claim of another type than specified; null is no value of any (RFC 7519 4.1, Core 2)."""
    for name, value in evidence.claims.items():
        fits, expected = CLAIM_TYPES.get(name, _OF_ANY_TYPE)
        if not fits(value):
            found = f"{name}: {json_type(value)}" + (f" {shown(value)[:40]}" if isinstance(value, int | float) else "")
            return failed("token.types.wrong", f"{name}: {expected}", found)
    return passed("each claim of its specified type", "all fit")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _is_audience(value: object) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_date(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_anything(value: object) -> bool:
    return True


_OF_ANY_TYPE = (_is_anything, "")
_TEXT = (_is_text, "a string that is not empty")
_DATE = (_is_date, "a number of seconds since 1970")
CLAIM_TYPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "iss": _TEXT,
    "sub": _TEXT,
    "aud": (_is_audience, "a string or an array of strings"),
    "azp": _TEXT,
    "client_id": _TEXT,
    "exp": _DATE,
    "nbf": _DATE,
    "iat": _DATE,
    "auth_time": _DATE,
    "nonce": _TEXT,
    "sid": _TEXT,
    "jti": _TEXT,
    "acr": _TEXT,
    "amr": (_is_texts, "an array of strings"),
    "scope": _TEXT,
    "at_hash": _TEXT,
    "events": (_is_object, "an object"),
    "cnf": (_is_object, "an object"),
}
"""RFC 7519 2 and 4.1 (StringOrURI, NumericDate), Core 2, RFC 9068 2.2, RFC 7800 3.1, Back-Channel Logout 2.4."""
