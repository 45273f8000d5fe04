"""oidcc-basic-certification-test-plan: the code flow, of clients that register themselves and of an operator's."""

from __future__ import annotations

from tests.conformance.modules.claims import ClaimsParameter, Scopes, Userinfo
from tests.conformance.modules.codes import Codes, RefreshTokens, SecretInTheForm
from tests.conformance.modules.request_objects import RequestObjects, UnsignedByReference
from tests.conformance.modules.sessions import Sessions
from tests.conformance.modules.sign_in import NonceIsNotNeeded, PostRequest, Signature, SignIn, UnsignedIdToken

PLANS = ("oidcc-basic", "oidcc-basic-static")


class TestBasic(
    SignIn,
    NonceIsNotNeeded,
    Signature,
    UnsignedIdToken,
    PostRequest,
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
