"""oidcc-config-certification-test-plan: the discovery document."""

from __future__ import annotations

from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-config",)


def test_oidcc_discovery_endpoint_verification(suite: Suite, variant: Variant) -> None:
    told = document(suite)
    what_every_plan_needs(suite, told)
    assert "code" in told["response_types_supported"]
    assert "authorization_code" in told["grant_types_supported"]
    assert "S256" in told["code_challenge_methods_supported"]
