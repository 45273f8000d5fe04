"""fapi2-security-profile-final-test-plan: plain_fapi, openid_connect, private_key_jwt, dpop."""

from __future__ import annotations

from tests.conformance.modules.fapi_dpop import AtTheResource, Binding, Times
from tests.conformance.modules.fapi_flow import Flow, Outside, RequestUris
from tests.conformance.modules.fapi_par import AssertionsAtPar, AssertionsAtToken, Pushed
from tests.conformance.modules.fapi_tokens import Codes, RefreshTokens

PLANS = ("fapi2-security-profile",)


class TestSecurityProfile(
    Flow,
    Outside,
    RequestUris,
    Pushed,
    AssertionsAtPar,
    AssertionsAtToken,
    Times,
    Binding,
    AtTheResource,
    Codes,
    RefreshTokens,
):
    """The modules of the plan."""
