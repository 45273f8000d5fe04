"""Checks on the key and the signature: the key is one of the provider's, it decides the algorithm, and it signed."""

from __future__ import annotations

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, passed, shown


def kid(evidence: Evidence) -> Outcome:
    """Demand a `kid` that the provider publishes (RFC 7515 4.1.4, Core 10.1); trying every key would hide mistakes."""
    expected = "a kid in the provider's JWKS"
    value = evidence.header_text("kid")
    if not value:
        return failed("token.kid.missing", expected, "absent" if "kid" not in evidence.header else "not a text")
    if not evidence.keys.algs(value) and evidence.keys.problem(value) is None:
        return failed("token.kid.unknown", expected, shown(value))
    return passed(expected, lambda: shown(value))


def key(evidence: Evidence) -> Outcome:
    """Find the one key of `kid` and `alg`: its kty, crv, use and alg must all allow this algorithm (RFC 8725 3.1)."""
    kid, alg = evidence.header_text("kid"), evidence.header_text("alg")

    def expected() -> str:
        return f"a key for {shown(alg)} under this kid"

    evidence.key = evidence.keys.get(kid, alg)
    if evidence.key is not None:
        return passed(expected, f"a key for {evidence.key.alg}")
    others = evidence.keys.algs(kid)
    if others:
        return failed("token.key.other_alg", expected, "a key for " + ", ".join(others))
    return failed("token.key.unusable", expected, evidence.keys.problem(kid) or "no such key")


def signature(evidence: Evidence) -> Outcome:
    """Verify the signature over header and payload as they came (RFC 7515 5.2)."""
    expected = "the provider's signature"
    parts = evidence.parts
    if parts is None or not parts.signature:
        return failed("token.signature.missing", expected, "0 bytes")
    if evidence.key is None or not evidence.key.verifies(parts.signed, parts.signature):
        return failed("token.signature.wrong", expected, "a signature that does not fit")
    return passed(expected, lambda: f"fits, {len(parts.signature)} bytes")
