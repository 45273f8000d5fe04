"""Checks on who holds an access token: it is bound to a key, and its sender has proved that key (RFC 9449)."""

from __future__ import annotations

import re
from typing import Any

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, masked, not_checked, passed
from web.dpop import REASONS, BadProof, read_proof

PROOF_CODES = (*REASONS, "proof.jti.replayed")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_A_PROOF = "a DPoP proof of this request, not sent before"


def cnf(evidence: Evidence) -> Outcome:
    """Demand that the token is bound to a DPoP key: who copies a token that is not can use it (RFC 9449 6.1)."""
    expected = "the thumbprint of a key in cnf.jkt"
    if "cnf" not in evidence.claims:
        return failed("token.cnf.missing", expected, "absent")
    thumbprint = _bound_to(evidence)
    if not thumbprint:
        return failed("token.cnf.form", expected, "no thumbprint")
    return passed(expected, lambda: masked(thumbprint))


def proof(evidence: Evidence) -> Outcome:
    """Read the proof that came along (RFC 9449 4.3, 7.1); who accepts the token must note its `jti` (11.1).

    web.dpop verifies it by cryptography, as the provider does; what signed it, joserfc or another, is no part of that.
    """
    presented, expect = evidence.expect.presented, evidence.expect
    if presented is None:
        return not_checked("the proof of a request, not known here")
    token = evidence.token.decode("ascii", "replace")
    try:
        found = read_proof(
            presented.proofs, method=presented.method, url=presented.url, now=expect.now, access_token=token
        )
    except BadProof as error:
        return failed(error.code, _A_PROOF, "")
    if expect.proof_seen is not None and expect.proof_seen(found):
        return failed("proof.jti.replayed", _A_PROOF, masked(found.jti) + " came before")
    evidence.proof = found
    return passed(_A_PROOF, lambda: masked(found.jti))


def key(evidence: Evidence) -> Outcome:
    """Demand that the key which was proved, or is known here, is the one that the token is bound to (RFC 9449 7.1)."""
    proved = evidence.proof.jkt if evidence.proof else evidence.expect.jkt
    if proved is None:
        return not_checked("the key of the proof, not known here")
    whose = "the key of the proof" if evidence.proof else "the key of this portal"

    def expected() -> str:
        return f"{whose}, {masked(proved)}"

    bound_to = _bound_to(evidence)
    if bound_to != proved:
        return failed("proof.key.other", expected, masked(bound_to))
    return passed(expected, lambda: masked(bound_to))


def _bound_to(evidence: Evidence) -> str:
    confirmation: Any = evidence.claims.get("cnf")
    thumbprint = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    return thumbprint if isinstance(thumbprint, str) and _THUMBPRINT.fullmatch(thumbprint) else ""
