"""oidcc-backchannel-rp-initiated-logout-certification-test-plan: Back-Channel Logout 1.0, 2.4 to 2.8."""

from __future__ import annotations

from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.modules.logout import STATE, SignedIn
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-backchannel-rp-initiated-logout",)

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite: Suite, variant: Variant) -> None:
    told = document(suite)
    what_every_plan_needs(suite, told)
    assert told["backchannel_logout_supported"] is True
    assert told["backchannel_logout_session_supported"] is True
    assert "end_session_endpoint" in told


def test_oidcc_backchannel_rp_initiated_logout(suite: Suite, variant: Variant) -> None:
    path = f"/test/a/manyou-{variant.plan.name}/backchannel_logout"
    signed_in = SignedIn.at(
        suite,
        variant,
        backchannel_logout_uri=f"{suite.address}{path}",
        backchannel_logout_session_required=True,
    )
    back = signed_in.log_out()
    [told] = suite.listener.wait(path)
    assert told.method == "POST"
    assert told.headers["content-type"].partition(";")[0] == "application/x-www-form-urlencoded"
    assert set(told.form) == {"logout_token"}
    header, claims = signed_in.party.verified(told.form["logout_token"])
    assert header["alg"] == "RS256"
    assert header["typ"] == "logout+jwt"
    first = signed_in.outcome.claims
    assert (claims["iss"], claims["aud"]) == (suite.issuer, signed_in.party.client_id)
    assert (claims["sub"], claims["sid"]) == (first["sub"], first["sid"])
    assert claims["events"] == {EVENT: {}}
    assert claims["iat"] <= suite.clock() < claims["exp"] <= claims["iat"] + 120
    assert claims["jti"]
    assert "nonce" not in claims
    signed_in.is_sent_back(back, STATE)
    signed_in.is_over()
