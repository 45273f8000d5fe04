"""PKCE at the token endpoint: Authlib's, narrowed to S256 (RFC 7636 4.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge


class S256CodeChallenge(CodeChallenge):  # type: ignore[misc]  # authlib is untyped
    """Checks code_verifier against the S256 challenge of the authorization request.

    Which clients need a challenge is checked at /authorize; `required` asks for the verifier of public clients, to
    which it is all that ties the code.
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar[list[str]] = ["S256"]
    CODE_CHALLENGE_METHODS: ClassVar[dict[str, Callable[[str, str], bool]]] = {"S256": compare_s256_code_challenge}

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Check the verifier; one for a code without challenge is no fault of the request, but of the code."""
        request = grant.request
        verifier, challenge = request.form.get("code_verifier"), request.authorization_code.code_challenge
        if verifier and not challenge:
            # RFC 9700 4.8.2: whoever has the verifier sent a challenge, so somebody took it out on the way.
            raise InvalidGrantError("The code was issued without code_challenge.")
        if challenge and not verifier:
            # RFC 7636 4.6: the code is not granted to whoever does not know it.
            raise InvalidGrantError("code_verifier is missing.")
        super().validate_code_verifier(grant, result)
