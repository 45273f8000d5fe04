"""PKCE at the token endpoint: Authlib's, narrowed to S256 (RFC 7636 4.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge


class S256CodeChallenge(CodeChallenge):  # type: ignore[misc]  # authlib is untyped
    """Checks code_verifier against the S256 challenge of the authorization request.

    That there is a challenge is checked at /authorize: `required` would ask it of public clients alone.
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar[list[str]] = ["S256"]
    CODE_CHALLENGE_METHODS: ClassVar[dict[str, Callable[[str, str], bool]]] = {"S256": compare_s256_code_challenge}
