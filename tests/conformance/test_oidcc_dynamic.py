"""oidcc-dynamic-certification-test-plan: registration, keys behind addresses, request objects by reference."""

from __future__ import annotations

from tests.conformance.modules.codes import RefreshTokens
from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.modules.registration import (
    Algorithms,
    Assertions,
    Keys,
    RedirectUris,
    SectorIdentifiers,
    WhatPeopleSee,
)
from tests.conformance.modules.request_objects import ByReference
from tests.conformance.modules.sign_in import HappyFlow, UnsignedIdToken
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-dynamic",)


class TestDynamic(
    HappyFlow,
    UnsignedIdToken,
    Algorithms,
    RedirectUris,
    WhatPeopleSee,
    SectorIdentifiers,
    Keys,
    Assertions,
    ByReference,
    RefreshTokens,
):
    """The modules of the plan."""

    def test_oidcc_discovery_endpoint_verification(self, suite: Suite, variant: Variant) -> None:
        told = document(suite)
        what_every_plan_needs(suite, told)
        assert {"code", "id_token", "id_token token"} <= set(told["response_types_supported"])
        assert {"authorization_code", "implicit"} <= set(told["grant_types_supported"])
        assert told["registration_endpoint"] == f"{suite.issuer}/register"
