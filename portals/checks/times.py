"""Checks on time: exp, nbf, iat, auth_time; the same leeway everywhere, for clocks that differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from portals.checks.evidence import Evidence
from portals.finding import Outcome, Use, failed, not_checked, passed

LONGEST_LIFE: Mapping[Use, int] = {
    "id_token": 86_400,
    "refreshed_id_token": 86_400,
    "access_token": 3_600,
    "logout_token": 300,
}
"""Seconds after `iat` beyond which a token is refused whatever its `exp` says (Core 3.1.3.7 no. 10 leaves it to us).

It bounds how long a portal must remember ended sessions.
"""


def exp(evidence: Evidence) -> Outcome:
    """Refuse from the second of `exp` on, plus the leeway (RFC 7519 4.1.4: on or after)."""
    expect = evidence.expect

    def expected() -> str:
        return f"later than {moment(expect.now - expect.leeway)}"

    if "exp" not in evidence.claims:
        return failed("token.exp.missing", expected, "absent")
    value = float(evidence.claims["exp"])
    if expect.now >= value + expect.leeway:
        return failed("token.exp.past", expected, moment(value))
    return passed(expected, lambda: moment(value))


def nbf(evidence: Evidence) -> Outcome:
    """Refuse before `nbf`, less the leeway, where there is one (RFC 7519 4.1.5)."""
    latest = evidence.expect.now + evidence.expect.leeway

    def expected() -> str:
        return f"absent or not later than {moment(latest)}"

    if "nbf" not in evidence.claims:
        return passed(expected, "absent")
    value = float(evidence.claims["nbf"])
    if value > latest:
        return failed("token.nbf.future", expected, moment(value))
    return passed(expected, lambda: moment(value))


def iat(evidence: Evidence) -> Outcome:
    """Demand a time of issue that is not in the future and not too long ago (RFC 7519 4.1.6, Core 2)."""
    expect = evidence.expect
    latest, earliest = expect.now + expect.leeway, expect.now - expect.leeway - LONGEST_LIFE[expect.use]

    def expected() -> str:
        return f"from {moment(earliest)} to {moment(latest)}"

    if "iat" not in evidence.claims:
        return failed("token.iat.missing", expected, "absent")
    value = float(evidence.claims["iat"])
    if value > latest:
        return failed("token.iat.future", expected, moment(value))
    if value < earliest:
        return failed("token.iat.too_old", expected, moment(value))
    return passed(expected, lambda: moment(value))


def auth_time(evidence: Evidence) -> Outcome:
    """Demand the time of authentication where it matters here, and never one in the future (Core 2)."""
    expect = evidence.expect
    latest = expect.now + expect.leeway

    def expected() -> str:
        return f"not later than {moment(latest)}"

    if "auth_time" not in evidence.claims:
        if expect.max_age is not None or expect.auth_time is not None:
            return failed("token.auth_time.missing", expected, "absent")
        return not_checked(expected, "absent")
    value = float(evidence.claims["auth_time"])
    if value > latest:
        return failed("token.auth_time.future", expected, moment(value))
    return passed(expected, lambda: moment(value))


def max_age(evidence: Evidence) -> Outcome:
    """Refuse an authentication longer ago than was asked for (Core 3.1.3.7 no. 13, RFC 9470 6)."""
    expect = evidence.expect
    if expect.max_age is None:
        return not_checked("no max_age asked for")
    earliest = expect.now - expect.leeway - expect.max_age

    def expected() -> str:
        return f"authenticated {moment(earliest)} or later"

    value = float(evidence.claims["auth_time"])
    if value < earliest:
        return failed("token.auth_time.too_old", expected, moment(value))
    return passed(expected, lambda: moment(value))


def same_auth_time(evidence: Evidence) -> Outcome:
    """Demand that a refreshed ID token tells the original authentication (Core 12.2)."""
    wanted = evidence.expect.auth_time
    if wanted is None:
        return not_checked("the original auth_time, not known here")
    value = float(evidence.claims["auth_time"])
    if value != wanted:
        return failed("token.auth_time.other", moment(wanted), moment(value))
    return passed(lambda: moment(wanted), lambda: moment(value))


def moment(seconds: float) -> str:
    """Write seconds since the epoch as an ISO 8601 UTC time, with fractions only where there are some."""
    try:
        written = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f}"
    return written.isoformat(timespec="milliseconds" if written.microsecond else "seconds")[:-6] + "Z"
