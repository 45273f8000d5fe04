"""Checks on the JOSE header (RFC 7515 4): nothing in it may choose how it is verified, except by `alg` and `kid`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from portals.checks.evidence import Evidence
from portals.finding import Outcome, Use, failed, passed, shown
from portals.token_parts import Malformed, json_type, read_object

TYPES: Mapping[Use, tuple[str, ...]] = {
    "id_token": ("JWT",),
    "refreshed_id_token": ("JWT",),
    "access_token": ("at+jwt", "application/at+jwt"),
    "logout_token": ("logout+jwt",),
}
"""The exact `typ` of each use (RFC 8725 3.11; RFC 9068 4; Back-Channel Logout 2.4).

Core leaves `typ` of an ID token open; our provider always sends JWT, and one exact value keeps the uses apart.
"""
FOREIGN_KEYS = ("jwk", "jku", "x5u", "x5c")
_NO_FOREIGN_KEY = "none of " + ", ".join(FOREIGN_KEYS)


def header(evidence: Evidence) -> Outcome:
    """Read the header as one JSON object without repeated names (RFC 7515 4, 5.2)."""
    expected = "a JSON object, each name once"
    try:
        evidence.header = _read(evidence.parts.header if evidence.parts else b"")
    except Malformed as error:
        return failed(f"token.header.{error.way}", expected, error.found)
    return passed(expected, lambda: "members " + shown(sorted(evidence.header)))


# One provider's tokens have one header for each of its keys.
_read = lru_cache(256)(read_object)


def crit(evidence: Evidence) -> Outcome:
    """Refuse `crit`: we know no extension, and python-jose would ignore the demand (RFC 7515 4.1.11)."""
    if "crit" in evidence.header:
        return failed("token.crit.present", "no crit", shown(evidence.header["crit"]))
    return passed("no crit", "absent")


def b64(evidence: Evidence) -> Outcome:
    """Refuse `b64`, which JWTs must not use and python-jose does not know (RFC 7797 7)."""
    if "b64" in evidence.header:
        return failed("token.b64.present", "no b64", shown(evidence.header["b64"]))
    return passed("no b64", "absent")


def foreign_key(evidence: Evidence) -> Outcome:
    """Refuse a token that brings its own key or the address of one (RFC 8725 3.10)."""
    brought = [name for name in FOREIGN_KEYS if name in evidence.header]
    if brought:
        return failed("token.foreign_key.present", _NO_FOREIGN_KEY, ", ".join(brought))
    return passed(_NO_FOREIGN_KEY, "absent")


def typ(evidence: Evidence) -> Outcome:
    """Demand the exact `typ` of this use, so that no token can stand in for another kind."""
    wanted = TYPES[evidence.expect.use]
    expected = " or ".join(wanted)
    if "typ" not in evidence.header:
        return failed("token.typ.missing", expected, "absent")
    value = evidence.header["typ"]
    if value in wanted:
        return passed(expected, lambda: shown(value))
    if isinstance(value, str) and any(value in types for types in TYPES.values()):
        return failed("token.typ.other_use", expected, shown(value))
    return failed("token.typ.wrong", expected, shown(value))


def alg(evidence: Evidence) -> Outcome:
    """Accept only the signature algorithms agreed for this use (RFC 8725 3.1); never none, never a shared secret."""
    wanted = evidence.expect.algs
    expected = " or ".join(wanted)
    value = evidence.header.get("alg")
    if not isinstance(value, str) or not value:
        found = (
            "absent" if "alg" not in evidence.header else json.dumps(value)[:20] if value == "" else json_type(value)
        )
        return failed("token.alg.missing", expected, found)
    if value.lower() == "none":
        return failed("token.alg.none", expected, shown(value))
    if value.upper().startswith("HS"):
        # A published key is no secret: whoever can read the JWKS could make such a token (RFC 8725 2.1).
        return failed("token.alg.symmetric", expected, shown(value))
    if value not in wanted:
        return failed("token.alg.not_accepted", expected, shown(value))
    return passed(expected, value)
