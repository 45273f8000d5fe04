"""DPoP proofs at the provider: read by `web.dpop`, and here what needs a memory: nonces, and each `jti` once."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers

from idp.errors import TokenRefusal
from idp.stores.protocols import Assertions, Once
from web.clock import Clock
from web.dpop import BadProof, Proof, read_proof
from web.dpop_nonces import Nonces


def once(proof: Proof) -> Once:
    """Return what may be shown once: a key has its own `jti`s, whoever has the key."""
    return f"dpop {proof.jkt}", proof.jti, proof.expires_at


@dataclass(frozen=True)
class Proofs:
    """Checks the proof of a request; `nonces` is None where the provider asks for none (RFC 9449 8)."""

    assertions: Assertions
    nonces: Nonces | None
    clock: Clock

    def nonce(self) -> str | None:
        """Return the value for the DPoP-Nonce header, of good answers too (RFC 9449 8.2); None where none is needed."""
        return self.nonces.current(self.clock()) if self.nonces is not None else None

    def headers(self) -> dict[str, str]:
        """Return the header that hands out the nonce for the next proof, as far as nonces are needed."""
        nonce = self.nonce()
        return {} if nonce is None else {"dpop-nonce": nonce}

    async def check(self, headers: Headers, *, method: str, url: str, access_token: str | None = None) -> Proof | None:
        """Return the request's proof, used up by now, or None if it has no DPoP header; see `read`."""
        proof = self.read(headers, method=method, url=url, access_token=access_token)
        if proof is not None:
            await self.use_up(proof)
        return proof

    def read(self, headers: Headers, *, method: str, url: str, access_token: str | None = None) -> Proof | None:
        """Return the request's proof, good but for having been used, or None if it has no DPoP header (RFC 9449 4.3).

        `url` is the address that the client was told; `access_token` is what came beside the proof, at a resource.
        Raises TokenRefusal invalid_dpop_proof or use_dpop_nonce, 400 as at /token; a resource answers 401 instead.
        """
        values = headers.getlist("dpop")
        if not values:
            return None
        now = self.clock()
        try:
            proof = read_proof(values, method=method, url=url, now=now, access_token=access_token)
        except BadProof as error:
            raise self._refusal("invalid_dpop_proof", str(error), f"{error.code}: {error}") from error
        if self.nonces is not None and not self.nonces.good(proof.nonce, now):
            # RFC 9449 8: with the error comes the nonce to try again with.
            what = "no nonce" if proof.nonce is None else "a nonce that is not of now"
            raise self._refusal("use_dpop_nonce", "The DPoP proof needs the nonce that is sent along.", what)
        return proof

    async def use_up(self, proof: Proof) -> None:
        """Take the proof once (RFC 9449 11.1). Raises TokenRefusal."""
        if not await self.assertions.use(*once(proof)):
            raise self.used_before()

    def used_before(self) -> TokenRefusal:
        """Return the refusal of a proof that was used before (RFC 9449 11.1)."""
        return self._refusal("invalid_dpop_proof", "The DPoP proof was used before.", "proof.jti used before")

    def _refusal(self, code: str, public: str, reason: str) -> TokenRefusal:
        return TokenRefusal(code, public, reason=reason, headers=self.headers())
