"""oidcc-hybrid-certification-test-plan: a code and tokens beside it (Core 3.3)."""

from __future__ import annotations

from tests.conformance.modules.claims import ClaimsParameter, Scopes, Userinfo
from tests.conformance.modules.codes import Codes, RefreshTokens, SecretInTheForm
from tests.conformance.modules.request_objects import RequestObjects, UnsignedByReference
from tests.conformance.modules.sessions import Sessions
from tests.conformance.modules.sign_in import NonceIsNeeded, NonceIsNotNeeded, Signature, SignIn

PLANS = ("oidcc-hybrid",)


class TestHybrid(
    SignIn,
    NonceIsNeeded,
    NonceIsNotNeeded,
    Signature,
    Scopes,
    ClaimsParameter,
    Userinfo,
    Sessions,
    Codes,
    SecretInTheForm,
    RefreshTokens,
    RequestObjects,
    UnsignedByReference,
):
    """The modules of the plan."""
