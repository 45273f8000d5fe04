"""A JWKS becomes keys that each verify one algorithm; what cannot is left out, and the rest still works."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OctKey, OKPKey

from portals.verdict import VerificationKeys, judge
from tests.portals.verdicts.signer import Signer, encode, good_token
from tests.portals.verdicts.visit import FACTS, SIGNERS, expectation

EC, RSA = SIGNERS["ES256"], SIGNERS["RS256"]


def _unusable() -> dict[str, tuple[dict[str, Any], str]]:
    p384 = ECKey.import_key(ec.generate_private_key(ec.SECP384R1()).public_key()).as_dict()
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    small = RSA.jwk(n=encode(numbers.n.to_bytes(128, "big")))
    point = EC.jwk()
    other = Signer.new("other").jwk()
    return {
        "private members": (EC.jwk(d="AAAA"), "private members"),
        "use enc": (EC.jwk(use="enc"), "use is not sig"),
        "use in an array": (EC.jwk(use=["sig"]), "use is not sig"),
        "key_ops sign only": (EC.jwk(key_ops=["sign"]), "key_ops"),
        "key_ops a text": (EC.jwk(key_ops="verify"), "key_ops"),
        "alg of another type": (EC.jwk(alg="RS256"), "alg is not ES256"),
        "alg HS256": (EC.jwk(alg="HS256"), "alg is not ES256"),
        "alg PS256": (RSA.jwk(alg="PS256"), "alg is not RS256"),
        "P-384": ({**p384, "use": "sig", "alg": "ES256"}, "crv is not P-256"),
        "P-384 that says P-256": ({**p384, "crv": "P-256"}, "not 32 bytes"),
        "a curve nobody knows": (EC.jwk(crv="SM2"), "crv is not P-256"),
        "curve absent": ({name: value for name, value in point.items() if name != "crv"}, "crv is not P-256"),
        "x absent": ({name: value for name, value in point.items() if name != "x"}, "not 32 bytes"),
        "x a number": (EC.jwk(x=7), "not 32 bytes"),
        "x in plain base64": (EC.jwk(x="+" * 43), "not canonical"),
        "x not ASCII": (EC.jwk(x="李"), "not canonical"),
        "a point off the curve": (EC.jwk(y=other["y"]), "not a valid key"),
        "RSA of 1024 bits": (small, "less than 2048 bits"),
        "RSA without e": (RSA.jwk(e=None), "not a valid key"),
        "RSA with e = 2": (RSA.jwk(e=encode(b"\x02")), "not a valid key"),
        "a secret": (dict(OctKey.generate_key(256).as_dict(private=True)), "private members"),
        "kty oct without k": ({"kty": "oct"}, "neither EC nor RSA"),
        "kty OKP": (dict(OKPKey.generate_key("Ed25519").as_dict(private=False)), "neither EC nor RSA"),
        "kty absent": ({}, "neither EC nor RSA"),
        "kty an array": (EC.jwk(kty=["EC"]), "neither EC nor RSA"),
    }


UNUSABLE = _unusable()


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_key_is_left_out_and_the_others_work(name: str) -> None:
    entry, reason = UNUSABLE[name]
    keys = VerificationKeys.from_jwks({"keys": [{**entry, "kid": "odd"}, EC.jwk()]})
    assert keys.kids == (EC.kid,)
    assert reason in (keys.problem("odd") or "")
    assert keys.get("odd", "ES256") is None
    assert judge(good_token("id_token", EC, FACTS), expectation("id_token"), keys).accepted


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_token_that_names_an_unusable_key_is_told_so(name: str) -> None:
    entry, _ = UNUSABLE[name]
    keys = VerificationKeys.from_jwks({"keys": [{**entry, "kid": EC.kid}]})
    assert judge(good_token("id_token", EC, FACTS), expectation("id_token"), keys).code == "token.key.unusable"


@pytest.mark.parametrize(
    "document",
    [None, [], "", 7, {}, {"keys": None}, {"keys": {}}, {"keys": [None, 7, "x", [], {}, {"kid": 1}, {"kid": ""}]}],
)
def test_a_document_that_is_no_jwks_has_no_keys(document: object) -> None:
    keys = VerificationKeys.from_jwks(document)
    assert keys.kids == ()
    assert judge(good_token("id_token", EC, FACTS), expectation("id_token"), keys).code == "token.kid.unknown"


def test_each_key_verifies_its_own_algorithm_only() -> None:
    keys = VerificationKeys.from_jwks({"keys": [EC.jwk(), RSA.jwk()]})
    assert keys.kids == (EC.kid, RSA.kid)
    assert keys.get(EC.kid, "ES256") is not None
    assert keys.get(EC.kid, "RS256") is None
    assert keys.algs(RSA.kid) == ("RS256",)


def test_alg_use_and_key_ops_may_be_left_out_of_a_key() -> None:
    bare = {name: value for name, value in EC.jwk().items() if name not in ("alg", "use", "key_ops")}
    keys = VerificationKeys.from_jwks({"keys": [bare]})
    assert judge(good_token("id_token", EC, FACTS), expectation("id_token"), keys).accepted


def test_two_keys_of_one_kid_and_algorithm_are_both_out() -> None:
    twice = [EC.jwk(), Signer.new(EC.kid).jwk(), RSA.jwk()]
    keys = VerificationKeys.from_jwks({"keys": twice})
    assert keys.kids == (RSA.kid,)
    assert "more than one" in (keys.problem(EC.kid) or "")


def test_the_kid_chooses_the_key_and_no_other_is_tried() -> None:
    second = Signer.new("second")
    keys = VerificationKeys.from_jwks({"keys": [EC.jwk(), second.jwk()]})
    lying = Signer(EC.private_key, second.kid)
    assert judge(good_token("id_token", lying, FACTS), expectation("id_token"), keys).code == "token.signature.wrong"
