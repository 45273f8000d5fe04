"""PKCE at the token endpoint: S256 alone (RFC 7636 4.6). Which clients need a challenge is checked at /authorize."""

from __future__ import annotations

import hashlib
import hmac
import re

from idp.errors import TokenRefusal
from web.base64url import encode

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check(verifier: str | None, challenge: str | None, *, public: bool) -> None:
    """Check code_verifier against the challenge of the authorization request. Raises TokenRefusal."""
    if challenge is None:
        if verifier is not None:
            # RFC 9700 4.8.2: whoever has the verifier sent a challenge, so somebody took it out on the way.
            raise TokenRefusal("invalid_grant", "The code was issued without code_challenge.")
        if public:
            # To a client that cannot prove who it is the verifier is all that ties the code to it.
            raise TokenRefusal("invalid_request", "code_verifier is missing.")
        return
    if verifier is None:
        # RFC 7636 4.6: the code is not granted to whoever does not know it.
        raise TokenRefusal("invalid_grant", "code_verifier is missing.")
    if not _VERIFIER.fullmatch(verifier):
        raise TokenRefusal("invalid_request", "code_verifier must be 43 to 128 unreserved characters.")
    if not hmac.compare_digest(encode(hashlib.sha256(verifier.encode("ascii")).digest()), challenge):
        raise TokenRefusal("invalid_grant", "code_verifier is not that of the authorization request.")
