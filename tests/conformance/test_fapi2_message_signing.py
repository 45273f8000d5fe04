"""fapi2-message-signing-final-test-plan: signed requests, with plain answers and with signed ones (JARM)."""

from __future__ import annotations

from tests.conformance.modules.fapi_signed import SignedRequests
from tests.conformance.test_fapi2_security_profile import TestSecurityProfile as _SecurityProfile

PLANS = ("fapi2-message-signing", "fapi2-message-signing-jarm")


class TestMessageSigning(_SecurityProfile, SignedRequests):
    """The modules of the security profile with signed requests, and those about the signatures."""
