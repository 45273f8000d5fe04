"""The nonces of a server that asks for them in DPoP proofs (RFC 9449 8 and 9): nothing is stored."""

from __future__ import annotations

import hmac

from web.base64url import encode

SLOT_SECONDS = 120
"""A nonce is given out in one slot of time and taken in that one and the next: for 2 to 4 minutes."""
SHORTEST_SECRET = 32


class Nonces:
    """Nonces that whoever has the same secret makes and knows again, such as each process of one service."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"The secret of nonces needs {SHORTEST_SECRET} bytes.")
        self._secret = secret

    def current(self, now: float) -> str:
        """Return the nonce for the DPoP-Nonce header at `now`, seconds since the epoch."""
        return self._of(int(now // SLOT_SECONDS))

    def good(self, nonce: str | None, now: float) -> bool:
        """Tell whether `nonce` was given out in this slot or the one before; None, no nonce, never was."""
        slot, given = int(now // SLOT_SECONDS), (nonce or "").encode("utf-8", "surrogatepass")
        # Both are compared, so that the time does not tell which one it was.
        this, last = (hmac.compare_digest(self._of(one).encode("ascii"), given) for one in (slot, slot - 1))
        return this or last

    def _of(self, slot: int) -> str:
        # The name in front keeps these apart from whatever else may be made with the same secret.
        return encode(hmac.digest(self._secret, b"DPoP-Nonce 1 %d" % slot, "sha256"))
