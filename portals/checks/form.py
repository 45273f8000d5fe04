"""Checks on the bytes of the token: its size and the spelling of its three segments."""

from __future__ import annotations

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, passed
from portals.token_parts import Malformed, split_token

SIZE_LIMIT = 8 * 1024
"""Bytes; our provider's tokens have less than 1200, and nothing is decoded before this is known."""
_SIZE = f"1 to {SIZE_LIMIT} bytes"


def size(evidence: Evidence) -> Outcome:
    """Refuse a token that is empty, or too long to be worth reading."""

    def found() -> str:
        return f"{len(evidence.token)} bytes"

    if not evidence.token:
        return failed("token.size.empty", _SIZE, found)
    if len(evidence.token) > SIZE_LIMIT:
        return failed("token.size.too_large", _SIZE, found)
    return passed(_SIZE, found)


def shape(evidence: Evidence) -> Outcome:
    """Demand three canonical base64url segments (RFC 7515 3.1), and decode them."""
    expected = "header.payload.signature, each in canonical base64url"
    try:
        evidence.parts = split_token(evidence.token)
    except Malformed as error:
        return failed(f"token.shape.{error.way}", expected, error.found)
    return passed(expected, "3 segments")
