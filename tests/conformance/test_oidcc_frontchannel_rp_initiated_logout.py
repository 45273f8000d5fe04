"""oidcc-frontchannel-rp-initiated-logout-certification-test-plan: Front-Channel Logout 1.0, 2 and 3."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.modules.logout import STATE, SignedIn
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-frontchannel-rp-initiated-logout",)


def test_oidcc_frontchannel_logout_discovery_endpoint_verification(suite: Suite, variant: Variant) -> None:
    told = document(suite)
    what_every_plan_needs(suite, told)
    assert told["frontchannel_logout_supported"] is True
    assert told["frontchannel_logout_session_supported"] is True
    assert "end_session_endpoint" in told


def test_oidcc_frontchannel_rp_initiated_logout(suite: Suite, variant: Variant) -> None:
    uri = suite.callback(variant).replace("/callback", "/frontchannel_logout")
    signed_in = SignedIn.at(suite, variant, frontchannel_logout_uri=uri, frontchannel_logout_session_required=True)
    page = signed_in.log_out()
    assert page.status_code == 200
    [frame] = [html.unescape(src) for src in re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)]
    parts = urlsplit(frame)
    assert parts._replace(query="").geturl() == uri
    assert dict(parse_qsl(parts.query)) == {"iss": suite.issuer, "sid": signed_in.outcome.claims["sid"]}
    # The page may show the frame, and goes on to the client by itself.
    assert suite.address in page.headers["content-security-policy"]
    onward = f"{signed_in.afterwards}?state={STATE}"
    assert onward in html.unescape(page.text)
    assert re.search(r'http-equiv="refresh"', page.text)
    signed_in.is_over()
