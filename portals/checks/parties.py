"""Checks on who speaks, to whom, for whom: iss, aud, azp, client_id."""

from __future__ import annotations

from portals.checks.evidence import Evidence
from portals.finding import Outcome, failed, passed, shown


def iss(evidence: Evidence) -> Outcome:
    """Demand exactly the provider's issuer identifier (Core 3.1.3.7 no. 2, RFC 9068 4)."""

    def expected() -> str:
        return shown(evidence.expect.issuer)

    value = evidence.text("iss")
    if not value:
        return failed("token.iss.missing", expected, "absent")
    if value != evidence.expect.issuer:
        return failed("token.iss.other", expected, shown(value))
    return passed(expected, lambda: shown(value))


def aud(evidence: Evidence) -> Outcome:
    """Demand that the token is for this portal, and for nobody beside it but the issuer (Core 3.1.3.7 no. 3).

    An access token is for the portal's API and, since /userinfo takes it too, the issuer (RFC 9068 4, RFC 8707 2);
    the others are for the client alone.
    """
    expect = evidence.expect
    for_api = expect.use == "access_token"
    own = expect.audience if for_api else expect.client_id
    value = evidence.claims.get("aud", [])
    audiences = [value] if isinstance(value, str) else value

    def expected() -> str:
        return shown(own) + (" (and the issuer)" if for_api else " alone")

    if not audiences:
        return failed("token.aud.missing", expected, "absent" if "aud" not in evidence.claims else "empty")
    others = [audience for audience in audiences if audience != own and not (for_api and audience == expect.issuer)]
    if own not in audiences:
        return failed(f"token.aud.{_another(evidence, audiences)}", expected, _named(evidence, audiences))
    if others:
        return failed("token.aud.extra", expected, _named(evidence, audiences))
    return passed(expected, lambda: shown(value))


def _another(evidence: Evidence, audiences: list[str]) -> str:
    if all(audience == evidence.expect.issuer for audience in audiences):
        return "issuer_only"
    if any(audience in evidence.expect.other_portals for audience in audiences):
        return "other_portal"
    return "unknown"


def _named(evidence: Evidence, audiences: list[str]) -> str:
    names = {evidence.expect.other_portals.get(audience) for audience in audiences} - {None}
    return shown(audiences) + (f" ({shown(sorted(map(str, names)))[1:-1]})" if names else "")


def azp(evidence: Evidence) -> Outcome:
    """Demand that an authorized party, where one is named, is this client (Core 3.1.3.7 no. 5)."""

    def expected() -> str:
        return f"absent or {shown(evidence.expect.client_id)}"

    value = evidence.text("azp")
    if not value:
        return passed(expected, "absent")
    if value != evidence.expect.client_id:
        return failed("token.azp.other", expected, shown(value))
    return passed(expected, lambda: shown(value))


def client_id(evidence: Evidence) -> Outcome:
    """Demand that the access token was issued to this portal's own client (RFC 9068 2.2).

    `sid` is per client, so that with another client's token nobody here could say whether its session has ended.
    """

    def expected() -> str:
        return shown(evidence.expect.client_id)

    value = evidence.text("client_id")
    if not value:
        return failed("token.client_id.missing", expected, "absent")
    if value != evidence.expect.client_id:
        return failed("token.client_id.other", expected, shown(value))
    return passed(expected, lambda: shown(value))
