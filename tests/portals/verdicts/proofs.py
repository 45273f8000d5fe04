"""The workshop of wrong proofs: each is wrong in exactly one way, and says with which code it must be refused.

It needs no more than a key, a token and the request, so that the same proofs can be sent to a running portal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import Key

from tests.portals.verdicts.signer import encode
from tests.web.dpop_signer import EC_KEY, GONE, OTHER_KEY, claims_of, header_of, public, signed
from web.dpop import thumbprint


@dataclass(frozen=True)
class ProofMaker:
    """Whoever sends a token to `url`: `key` is what the token is bound to, `now` the time, `method` the request's."""

    token: str
    url: str
    now: float
    key: Key = field(default_factory=lambda: EC_KEY)
    method: str = "GET"
    alg: str = "ES256"

    def proof(self, header: dict[str, Any] | None = None, /, **changes: Any) -> str:
        """Return a good proof, with changes of its header and its claims."""
        right = {"htm": self.method, "htu": self.url, "iat": int(self.now), "ath": ath(self.token)}
        head = header_of(self.alg, **{"jwk": public(self.key), **(header or {})})
        return signed(head, claims_of(**{**right, **changes}), alg=self.alg, key=self.key)


@dataclass(frozen=True)
class WrongProof:
    """Wrong DPoP headers: what is wrong with them, the headers, and the code of the refusal."""

    name: str
    headers: tuple[str, ...]
    code: str


def ath(token: str) -> str:
    """Return the hash by which a proof names its token (RFC 9449 4.2)."""
    return encode(hashlib.sha256(token.encode()).digest())


def jkt(key: Key) -> str:
    """Return the name of a key in `cnf` (RFC 9449 6.1)."""
    return thumbprint(public(key))


def wrong_proofs(maker: ProofMaker) -> list[WrongProof]:
    """Return proofs that every portal must refuse beside a good token; none has come before."""
    good = maker.proof(jti="in pieces")
    cut, foreign = good.rsplit(".", 1)[0], signed("{}", "{}", key=OTHER_KEY).rsplit(".", 1)[1]
    made: list[tuple[str, tuple[str, ...], str]] = [
        ("no proof", (), "proof.missing"),
        ("two proofs", (maker.proof(jti="one"), maker.proof(jti="two")), "proof.repeated"),
        ("a long proof", ("x" * 8193,), "proof.size"),
        ("two segments", (cut,), "proof.form"),
        (
            "a signature by another key",
            (f"{cut}.{foreign}",),
            "proof.signature",
        ),
        ("another key than the one that signed", (maker.proof({"jwk": public(OTHER_KEY)}),), "proof.signature"),
    ]
    made += [(name, (maker.proof(header),), code) for name, header, code in _headers(maker)]
    made += [(name, (maker.proof(**claims),), code) for name, claims, code in _claims(maker)]
    return [WrongProof(*one) for one in made]


def _headers(maker: ProofMaker) -> Iterator[tuple[str, dict[str, Any], str]]:
    key = public(maker.key)
    yield "typ absent", {"typ": GONE}, "proof.typ"
    yield "typ of an access token", {"typ": "at+jwt"}, "proof.typ"
    yield "crit", {"crit": ["b64"]}, "proof.crit"
    yield "alg none", {"alg": "none"}, "proof.alg"
    yield "alg RS256", {"alg": "RS256"}, "proof.alg"
    yield "alg with a shared secret", {"alg": "HS256"}, "proof.alg"
    yield "no jwk", {"jwk": GONE}, "proof.jwk"
    yield "a jwk of half a key", {"jwk": {name: key[name] for name in key if name not in "xn"}}, "proof.jwk"
    yield "a private jwk", {"jwk": maker.key.as_dict(private=True)}, "proof.jwk_private"


def _claims(maker: ProofMaker) -> Iterator[tuple[str, dict[str, Any], str]]:
    now = int(maker.now)
    yield "jti absent", {"jti": GONE}, "proof.jti"
    yield "jti too long", {"jti": "j" * 257}, "proof.jti"
    yield "htm of another method", {"htm": "POST"}, "proof.htm"
    yield "htm in small letters", {"htm": maker.method.lower()}, "proof.htm"
    yield "htu of another path", {"htu": f"{maker.url}/more"}, "proof.htu"
    yield "htu of another host", {"htu": "https://shop.example/api/whoami"}, "proof.htu"
    yield "htu absent", {"htu": GONE}, "proof.htu"
    yield "made two minutes ago", {"iat": now - 120}, "proof.iat"
    yield "made in an hour", {"iat": now + 3600}, "proof.iat"
    yield "iat absent", {"iat": GONE}, "proof.iat"
    yield "exp over", {"exp": now - 60}, "proof.exp"
    yield "nbf in an hour", {"nbf": now + 3600}, "proof.nbf"
    yield "a nonce with a space", {"nonce": "a b"}, "proof.nonce"
    yield "ath absent", {"ath": GONE}, "proof.ath"
    yield "ath of another token", {"ath": ath(maker.token + "x")}, "proof.ath"
