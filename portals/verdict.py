"""The verdict: the ordered checks that accept or refuse a token, each with a stable code.

Read CHECKS from top to bottom: that is what happens. The first failure ends it; later checks are not_checked. What
must be refused cheaply comes first, nothing of the payload is believed before the signature, and a check that cannot
be completed refuses (`token.undecided`). The functions stand in portals/checks, the texts in portals/verdict_texts,
docs/verdicts.md is made from both.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from portals.checks import claims, form, header, key, parties, possession, session, times
from portals.checks.evidence import Check, Evidence
from portals.finding import ACCEPTED, Expectation, Finding, Outcome, Presentation, Use, Verdict, failed, not_checked
from portals.token_parts import Malformed, decode_segment, read_object
from portals.verification_keys import VerificationKeys

__all__ = [
    "ACCEPTED",
    "CHECKS",
    "UNDECIDED",
    "Expectation",
    "Finding",
    "Presentation",
    "Use",
    "Verdict",
    "VerificationKeys",
    "judge",
]

UNDECIDED = "token.undecided"
_log = logging.getLogger(__name__)

_ID: frozenset[Use] = frozenset(("id_token", "refreshed_id_token"))
_REFRESHED: frozenset[Use] = frozenset(("refreshed_id_token",))
_ACCESS: frozenset[Use] = frozenset(("access_token",))
_LOGOUT: frozenset[Use] = frozenset(("logout_token",))
_SIGNED_IN = _ID | _ACCESS


def _ways(code: str, ways: str) -> tuple[str, ...]:
    return tuple(f"{code}.{way}" for way in ways.split())


_SHAPE = _ways("token.shape", "whitespace characters segments encrypted padding not_canonical")
_HEADER = _ways("token.header", "json duplicate depth object")
_TYP = _ways("token.typ", "missing other_use wrong")
_ALG = _ways("token.alg", "missing none symmetric not_accepted")
_CLAIMS = _ways("token.claims", "json duplicate depth object")
_AUD = _ways("token.aud", "missing issuer_only other_portal unknown extra")

CHECKS: tuple[Check, ...] = (
    # the bytes
    Check("token.size", form.size, _ways("token.size", "empty too_large"), "(own limit)"),
    Check("token.shape", form.shape, _SHAPE, "RFC 7515 3.1; RFC 4648 3.5"),
    # the header
    Check("token.header", header.header, _HEADER, "RFC 7515 4, 5.2"),
    Check("token.crit", header.crit, ("token.crit.present",), "RFC 7515 4.1.11"),
    Check("token.b64", header.b64, ("token.b64.present",), "RFC 7797 7"),
    Check("token.foreign_key", header.foreign_key, ("token.foreign_key.present",), "RFC 8725 3.10"),
    Check("token.typ", header.typ, _TYP, "RFC 8725 3.11; RFC 9068 4; Back-Channel Logout 2.4"),
    Check("token.alg", header.alg, _ALG, "RFC 8725 3.1, 3.2; Core 3.1.3.7 (7)"),
    # the key and the signature
    Check("token.kid", key.kid, _ways("token.kid", "missing unknown"), "RFC 7515 4.1.4; Core 10.1"),
    Check("token.key", key.key, _ways("token.key", "other_alg unusable"), "RFC 7517 4; RFC 8725 3.1"),
    Check("token.signature", key.signature, _ways("token.signature", "missing wrong"), "RFC 7515 5.2"),
    # the claims as data
    Check("token.claims", claims.claims, _CLAIMS, "RFC 7519 4, 7.2"),
    Check("token.types", claims.types, ("token.types.wrong",), "RFC 7519 2, 4.1; Core 2"),
    # from whom, for whom
    Check("token.iss", parties.iss, _ways("token.iss", "missing other"), "Core 3.1.3.7 (2); RFC 9068 4"),
    Check("token.aud", parties.aud, _AUD, "Core 3.1.3.7 (3); RFC 9068 4; RFC 8707 2"),
    Check("token.azp", parties.azp, ("token.azp.other",), "Core 3.1.3.7 (5)", _ID),
    Check("token.client_id", parties.client_id, _ways("token.client_id", "missing other"), "RFC 9068 2.2", _ACCESS),
    # when
    Check("token.exp", times.exp, _ways("token.exp", "missing past"), "RFC 7519 4.1.4"),
    Check("token.nbf", times.nbf, ("token.nbf.future",), "RFC 7519 4.1.5"),
    Check("token.iat", times.iat, _ways("token.iat", "missing future too_old"), "RFC 7519 4.1.6; Core 3.1.3.7 (10)"),
    # about whom, in which session
    Check("token.sub", session.sub, _ways("token.sub", "missing form"), "Core 2, 8"),
    Check("token.sub.same", session.same_sub, ("token.sub.other",), "Core 12.2", _SIGNED_IN),
    Check("token.nonce", session.nonce, _ways("token.nonce", "missing other"), "Core 3.1.3.7 (11), 12.2", _ID),
    Check("token.nonce.none", session.no_nonce, ("token.nonce.present",), "Back-Channel Logout 2.4", _LOGOUT),
    Check("token.sid", session.sid, ("token.sid.missing",), "Back-Channel Logout 2.1, 2.4"),
    Check("token.sid.same", session.same_sid, ("token.sid.other",), "Back-Channel Logout 2.1", _SIGNED_IN),
    Check("token.sid.live", session.live_sid, ("token.sid.ended",), "Back-Channel Logout 2.7", _SIGNED_IN),
    # how and when authenticated
    Check("token.auth_time", times.auth_time, _ways("token.auth_time", "missing future"), "Core 2", _SIGNED_IN),
    Check("token.auth_time.max_age", times.max_age, ("token.auth_time.too_old",), "Core 3.1.3.7 (13)", _SIGNED_IN),
    Check("token.auth_time.same", times.same_auth_time, ("token.auth_time.other",), "Core 12.2", _REFRESHED),
    Check("token.acr", session.acr, _ways("token.acr", "missing not_accepted"), "Core 3.1.3.7 (12)", _SIGNED_IN),
    # what it goes with
    Check("token.at_hash", session.at_hash, _ways("token.at_hash", "missing wrong"), "Core 3.1.3.6, 3.1.3.8", _ID),
    Check("token.events", session.events, _ways("token.events", "missing wrong"), "Back-Channel Logout 2.4", _LOGOUT),
    Check("token.jti", session.jti, ("token.jti.missing",), "RFC 9068 2.2; Back-Channel Logout 2.4", _ACCESS | _LOGOUT),
    Check("token.jti.fresh", session.fresh_jti, ("token.jti.replayed",), "Back-Channel Logout 2.6 (8)", _LOGOUT),
    # who holds it
    Check("token.cnf", possession.cnf, _ways("token.cnf", "missing form"), "RFC 9449 6.1; RFC 7800 3.1", _ACCESS),
    Check("proof", possession.proof, possession.PROOF_CODES, "RFC 9449 4.3, 7.1, 11.1", _ACCESS),
    Check("proof.key", possession.key, ("proof.key.other",), "RFC 9449 4.3 (12), 7.1", _ACCESS),
)


def judge(token: str | bytes, expect: Expectation, keys: VerificationKeys) -> Verdict:
    """Accept or refuse `token` for the use in `expect`; never raises, whatever comes in.

    On `token.kid.unknown` the caller may fetch the JWKS once more and judge again (Core 10.1.1).
    """
    return judge_by(CHECKS, token, expect, keys)


def judge_by(checks: Sequence[Check], token: str | bytes, expect: Expectation, keys: VerificationKeys) -> Verdict:
    """Judge by other `checks` than CHECKS: the tests leave one out at a time, to prove that each is needed."""
    evidence = Evidence(_bytes(token), expect, keys)
    judged: list[tuple[Check, Outcome]] = []
    code, use = ACCEPTED, expect.use
    for check in checks:
        if use not in check.uses:
            continue
        if code is not ACCEPTED:
            outcome = _NOT_REACHED
        else:
            try:
                outcome = check.run(evidence)
            except Exception as error:  # noqa: BLE001 - whatever keeps a check from its answer must refuse the token
                outcome = _undecided(check, error)
            if outcome[0] == "fail":
                code = outcome[3]
        judged.append((check, outcome))
    # What was not read before the refusal is read now, to be shown and never to be believed.
    readable = evidence.token if len(evidence.token) <= form.SIZE_LIMIT else b""
    header_shown = evidence.header or _readable(readable, 0)
    claims_shown = evidence.claims or _readable(readable, 1)
    return Verdict(
        code == ACCEPTED,
        code,
        tuple(judged),
        MappingProxyType(header_shown),
        MappingProxyType(claims_shown),
        evidence.proof,
    )


_NOT_REACHED = not_checked("", "not reached")


def _bytes(token: object) -> bytes:
    """Return what came in as bytes; None and other strangers are no token."""
    if isinstance(token, str):
        return token.encode("utf-8", "surrogatepass")
    return token if isinstance(token, bytes) else b""


def _undecided(check: Check, error: Exception) -> Outcome:
    # Only a fault of ours or of a store behind sid_ended comes here. The trace names files and lines, no values.
    trace = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s could not be completed: %s\n%s", check.code, type(error).__name__, trace)
    return failed(UNDECIDED, f"{check.code} to be completed", type(error).__name__)


def _readable(token: bytes, index: int) -> dict[str, Any]:
    """Read header (0) or claims (1) of a token that was refused before, to be shown and never to be believed."""
    try:
        return read_object(decode_segment(token.split(b".", 3)[index], "segment"))
    except (Malformed, IndexError):
        return {}
