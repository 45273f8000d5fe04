"""Checks on whom and which session the token is about: sub, nonce, sid, acr, at_hash, events, jti."""

from __future__ import annotations

import base64
import hashlib

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, masked, not_checked, passed, shown

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
SUB_LIMIT = 255
_A_SUB = f"at most {SUB_LIMIT} ASCII characters"


def sub(evidence: Evidence) -> Outcome:
    """Demand a subject of at most 255 ASCII characters (Core 2); a logout token may do without (2.4 there)."""
    value = evidence.text("sub")
    if not value:
        if evidence.expect.use == "logout_token":
            return passed(f"absent or {_A_SUB}", "absent")
        return failed("token.sub.missing", _A_SUB, "absent")
    if len(value) > SUB_LIMIT or not value.isascii():
        return failed("token.sub.form", _A_SUB, f"{len(value)} characters")
    return passed(_A_SUB, lambda: masked(value))


def same_sub(evidence: Evidence) -> Outcome:
    """Demand the subject of the session that this token belongs to (Core 12.2, 5.3.2)."""
    return _same(evidence, "sub", evidence.expect.sub, "the subject of the session")


def nonce(evidence: Evidence) -> Outcome:
    """Demand the nonce of this sign-in (Core 3.1.3.7 no. 11); a refreshed ID token may leave it out (Core 12.2)."""
    wanted, value = evidence.expect.nonce, evidence.text("nonce")
    if evidence.expect.use == "refreshed_id_token" and not value:
        return passed("absent or the nonce of the log-in", "absent")
    if wanted is None:
        return not_checked("the nonce of the log-in, not known here", masked(value) if value else "absent")
    if not value:
        return failed("token.nonce.missing", masked(wanted), "absent")
    if value != wanted:
        return failed("token.nonce.other", masked(wanted), masked(value))
    return passed(lambda: masked(wanted), lambda: masked(value))


def no_nonce(evidence: Evidence) -> Outcome:
    """Refuse a logout token with a nonce, lest it be used as an ID token (Back-Channel Logout 2.4)."""
    if "nonce" in evidence.claims:
        return failed("token.nonce.present", "absent", "present")
    return passed("absent", "absent")


def sid(evidence: Evidence) -> Outcome:
    """Demand a session: log-out ends tokens by it, so a token without one could not be ended (Back-Channel 2.1).

    A logout token may name the person alone, which ends all of the person's sessions (Back-Channel 2.4).
    """
    value = evidence.text("sid")
    if not value and evidence.expect.use == "logout_token" and evidence.text("sub"):
        return passed("a session, or all of the person's", "all of the person's")
    if not value:
        return failed("token.sid.missing", "a session of the provider", "absent")
    return passed("a session of the provider", lambda: masked(value))


def same_sid(evidence: Evidence) -> Outcome:
    """Demand the session that this portal knows the person by."""
    return _same(evidence, "sid", evidence.expect.sid, "the provider's session of this visit")


def live_sid(evidence: Evidence) -> Outcome:
    """Refuse a token whose session has been ended by log-out, withdrawal or revocation."""
    if evidence.expect.sid_ended is None:
        return not_checked("a session that has not ended, not known here")
    value = evidence.text("sid")
    if evidence.expect.sid_ended(value):
        return failed("token.sid.ended", "a session that has not ended", masked(value) + " has ended")
    return passed("a session that has not ended", lambda: masked(value))


def acr(evidence: Evidence) -> Outcome:
    """Demand one of the accepted levels, where any are named (Core 3.1.3.7 no. 12, RFC 9470 6)."""
    wanted, value = evidence.expect.acr, evidence.text("acr")
    if not wanted:
        return not_checked("no level asked for", shown(value) if value else "absent")

    def expected() -> str:
        return shown(list(wanted))

    if not value:
        return failed("token.acr.missing", expected, "absent")
    if value not in wanted:
        return failed("token.acr.not_accepted", expected, shown(value))
    return passed(expected, lambda: shown(value))


def at_hash(evidence: Evidence) -> Outcome:
    """Compare the hash of the access token that came along (Core 3.1.3.6); after a refresh it may be left out."""
    expect, value = evidence.expect, evidence.text("at_hash")
    expected = "the hash of the access token"
    if expect.access_token is None or (not value and expect.use == "refreshed_id_token"):
        return not_checked(expected, shown(value) if value else "absent")
    if not value:
        return failed("token.at_hash.missing", expected, "absent")
    if value != half_hash(expect.access_token):
        return failed("token.at_hash.wrong", expected, shown(value))
    return passed(expected, lambda: shown(value))


def half_hash(token: str) -> str:
    """Return at_hash for ES256 and RS256: the left half of SHA-256, in base64url (Core 3.1.3.6)."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def events(evidence: Evidence) -> Outcome:
    """Demand the event that makes a logout token one (Back-Channel Logout 2.4, 2.6)."""
    expected = f'{{"{LOGOUT_EVENT}": {{}}}}'
    if "events" not in evidence.claims:
        return failed("token.events.missing", expected, "absent")
    value = evidence.claims["events"]
    if not isinstance(value.get(LOGOUT_EVENT), dict):
        return failed("token.events.wrong", expected, shown(value))
    return passed(expected, lambda: shown(value))


def jti(evidence: Evidence) -> Outcome:
    """Demand the token's own name, by which it can be told from every other (RFC 9068 2.2, Back-Channel 2.4)."""
    value = evidence.text("jti")
    if not value:
        return failed("token.jti.missing", "an identifier", "absent")
    return passed("an identifier", lambda: masked(value))


def fresh_jti(evidence: Evidence) -> Outcome:
    """Refuse a logout token that came before (Back-Channel Logout 2.6 no. 8); whoever accepts it must note its jti."""
    if evidence.expect.jti_seen is None:
        return not_checked("a token that has not come before, not known here")
    value = evidence.text("jti")
    if evidence.expect.jti_seen(value):
        return failed("token.jti.replayed", "a token that has not come before", masked(value) + " came before")
    return passed("a token that has not come before", lambda: masked(value))


def _same(evidence: Evidence, name: str, wanted: str | None, what: str) -> Outcome:
    if wanted is None:
        return not_checked(f"{what}, not known here")
    value = evidence.text(name)
    if value != wanted:
        return failed(f"token.{name}.other", f"{what}, {masked(wanted)}", masked(value))
    return passed(lambda: f"{what}, {masked(wanted)}", lambda: masked(value))
