"""oidcc-formpost-implicit-certification-test-plan: the same, with answers that come as a form (Form Post 2)."""

from __future__ import annotations

from tests.conformance.modules.claims import ClaimsParameter, Scopes, Userinfo
from tests.conformance.modules.request_objects import RequestObjects, UnsignedByReference
from tests.conformance.modules.sessions import Sessions
from tests.conformance.modules.sign_in import NonceIsNeeded, Signature, SignIn

PLANS = ("oidcc-formpost-implicit",)


class TestFormPostImplicit(
    SignIn, NonceIsNeeded, Signature, Scopes, ClaimsParameter, Userinfo, Sessions, RequestObjects, UnsignedByReference
):
    """The modules of the plan."""
