"""oidcc-session-management-certification-test-plan: Session Management 1.0, 2 and 3.

The page in the frame computes in the browser what is computed here: see
tests/idp/end_session/test_check_session.py.
"""

from __future__ import annotations

import hashlib

from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.modules.logout import STATE, SignedIn
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-session-management",)


def test_oidcc_session_management_discovery_endpoint_verification(suite: Suite, variant: Variant) -> None:
    told = document(suite)
    what_every_plan_needs(suite, told)
    assert "end_session_endpoint" in told
    page = suite.http.get(told["check_session_iframe"])
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    # Any client's page may hold it in a frame.
    assert "x-frame-options" not in page.headers
    assert "frame-ancestors 'none'" not in page.headers.get("content-security-policy", "")


def test_oidcc_session_management_rp_initiated_logout(suite: Suite, variant: Variant) -> None:
    signed_in = SignedIn.at(suite, variant)
    told = signed_in.outcome.answer.parameters["session_state"]
    assert " " not in told

    def unchanged() -> bool:
        [state] = [one.value for one in signed_in.browser.http.cookies.jar if one.name.endswith("manyou_state")]
        salt = told.partition(".")[2]
        source = f"{signed_in.party.client_id} {suite.address} {state} {salt}"
        return told == f"{hashlib.sha256(source.encode()).hexdigest()}.{salt}"

    assert unchanged()
    signed_in.is_sent_back(signed_in.log_out(), STATE)
    assert not unchanged()
