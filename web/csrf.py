"""CSRF tokens: a keyed hash over the browser's own cookie and the action, so that nothing has to be stored."""

from __future__ import annotations

import hashlib
import hmac


class Csrf:
    """Makes and checks the hidden `csrf` field of forms."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, binding: str, action: str) -> str:
        """Return the token of `action` for the browser or session that `binding` names."""
        return hmac.new(self._secret, f"{action}\n{binding}".encode(), hashlib.sha256).hexdigest()

    def valid(self, token: str | None, binding: str | None, action: str) -> bool:
        """Tell in constant time whether `token` is the one of `binding` and `action`."""
        if not token or not binding:
            return False
        return hmac.compare_digest(token.encode(), self.token(binding, action).encode())
