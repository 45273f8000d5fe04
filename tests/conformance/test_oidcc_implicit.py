"""oidcc-implicit-certification-test-plan: id_token, with an access token and without (Core 3.2)."""

from __future__ import annotations

from tests.conformance.modules.claims import ClaimsParameter, Scopes, Userinfo
from tests.conformance.modules.request_objects import RequestObjects, UnsignedByReference
from tests.conformance.modules.sessions import Sessions
from tests.conformance.modules.sign_in import NonceIsNeeded, Signature, SignIn

PLANS = ("oidcc-implicit",)


class TestImplicit(
    SignIn, NonceIsNeeded, Signature, Scopes, ClaimsParameter, Userinfo, Sessions, RequestObjects, UnsignedByReference
):
    """The modules of the plan."""
