"""DPoP proofs at the provider: what needs a memory, on top of what web.dpop reads (RFC 9449 4.3, 8, 11.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from starlette.datastructures import Headers

from idp.errors import TokenRefusal
from idp.oauth.proofs import Proofs
from idp.stores.sqlite import open_stores
from tests.replaced import replace
from web.clock import SettableClock
from web.dpop import PROOF_SECONDS, Proof, make_proof, thumbprint
from web.dpop_nonces import SLOT_SECONDS, Nonces

URL = "http://idp.localhost:8000/token"
KEY, OTHER_KEY = (ECKey.generate_key("P-256") for _ in range(2))


class Requests:
    """Sends proofs to the one that checks them."""

    def __init__(self, proofs: Proofs, clock: SettableClock) -> None:
        self.proofs = proofs
        self.clock = clock

    def proof(self, *, key: ECKey = KEY, nonce: str | None = "", jti: str | None = None) -> str:
        """Return a good proof of now; `nonce` "" stands for the one that is wanted."""
        nonce = self.proofs.nonce() if nonce == "" else nonce
        return make_proof(key, method="POST", url=URL, now=self.clock(), jti=jti, nonce=nonce)

    def send(self, *proofs: str, access_token: str | None = None) -> Proof | None:
        """Check a request with these DPoP headers."""
        headers = Headers(raw=[(b"dpop", proof.encode()) for proof in proofs])
        return asyncio.run(self.proofs.check(headers, method="POST", url=URL, access_token=access_token))

    def refused(self, *proofs: str, access_token: str | None = None) -> TokenRefusal:
        """Return the refusal of a request with these DPoP headers."""
        with pytest.raises(TokenRefusal) as refused:
            self.send(*proofs, access_token=access_token)
        assert refused.value.status == 400
        assert refused.value.headers == self.proofs.headers()
        return refused.value


@pytest.fixture
def requests(tmp_path: Path) -> Iterator[Requests]:
    """One that demands nonces."""
    stores, clock = open_stores(tmp_path / "idp.db"), SettableClock(1_800_000_000.0)
    yield Requests(Proofs(stores.assertions, Nonces(b"a secret of thirty-two characters"), clock), clock)
    asyncio.run(stores.upkeep.close())


@pytest.fixture
def lax(requests: Requests) -> Requests:
    """One that demands no nonces."""
    return Requests(replace(requests.proofs, nonces=None), requests.clock)


def test_a_request_without_the_header_has_no_proof_rfc9449_4_1(requests: Requests) -> None:
    assert requests.send() is None


def test_a_good_proof_names_its_key_rfc9449_6_1(requests: Requests) -> None:
    proof = requests.send(requests.proof())
    assert proof is not None
    assert proof.jkt == thumbprint(KEY.as_dict(private=False))


def test_a_bad_proof_is_told_by_a_sentence_and_logged_by_its_code_rfc9449_5(requests: Requests) -> None:
    refusal = requests.refused(requests.proof(), requests.proof())
    assert refusal.code == "invalid_dpop_proof"
    assert refusal.public == "The request has more than one DPoP header."
    assert refusal.reason.startswith("proof.repeated: ")
    assert requests.refused(requests.proof(), access_token="a-token").code == "invalid_dpop_proof"


@pytest.mark.parametrize("nonce", [None, "of-another-server"])
def test_without_our_nonce_it_is_asked_for_and_handed_out_rfc9449_8(requests: Requests, nonce: str | None) -> None:
    refusal = requests.refused(requests.proof(nonce=nonce))
    assert refusal.code == "use_dpop_nonce"
    assert requests.send(requests.proof(nonce=refusal.headers["dpop-nonce"]))


def test_a_nonce_grows_old_and_the_answer_has_the_next_one_rfc9449_8(requests: Requests) -> None:
    old = requests.proofs.nonce()
    requests.clock.advance(2 * SLOT_SECONDS)
    refusal = requests.refused(requests.proof(nonce=old))
    assert refusal.code == "use_dpop_nonce"
    assert refusal.headers["dpop-nonce"] != old


def test_where_no_nonce_is_asked_for_none_is_handed_out_and_any_is_ignored(lax: Requests) -> None:
    assert lax.proofs.nonce() is None
    assert lax.send(lax.proof(nonce=None))
    assert lax.send(lax.proof(nonce="of-another-server"))


def test_a_proof_works_once_as_long_as_it_would_be_in_time_rfc9449_11_1(lax: Requests) -> None:
    proof = lax.proof()
    assert lax.send(proof)
    for seconds in (0, PROOF_SECONDS):
        lax.clock.advance(seconds)
        refusal = lax.refused(proof)
        assert (refusal.code, refusal.reason) == ("invalid_dpop_proof", "proof.jti used before")


def test_a_jti_is_used_up_for_its_own_key_alone_rfc9449_11_1(requests: Requests) -> None:
    assert requests.send(requests.proof(jti="one"))
    assert requests.send(requests.proof(jti="one", key=OTHER_KEY))
    assert requests.refused(requests.proof(jti="one")).code == "invalid_dpop_proof"


def test_a_proof_that_is_refused_for_its_nonce_uses_up_no_jti(requests: Requests) -> None:
    requests.refused(requests.proof(jti="one", nonce=None))
    assert requests.send(requests.proof(jti="one"))
