"""The key of a DPoP proof: which may sign, how it is judged, by which name it is known (RFC 9449 4.3, RFC 7638)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from tests.web.dpop_signer import (
    EC_KEY,
    GONE,
    NOW,
    OTHER_KEY,
    claims_of,
    code,
    header_code,
    header_of,
    key_of,
    public,
    read,
    signed,
)
from web.base64url import decode, encode
from web.dpop import ALGORITHMS, LEEWAY, PROOF_SECONDS, Proof, thumbprint
from web.dpop_keys import BadKey, read_key

CLAIMS = json.dumps(claims_of())


def key_code(alg: str = "ES256", /, **changes: Any) -> str:
    jwk = {name: value for name, value in {**public(key_of(alg)), **changes}.items() if value is not GONE}
    return code(signed(header_of(alg, jwk=jwk), claims_of(), alg=alg))


def test_either_name_of_ed25519_goes_with_either() -> None:
    jwk = {**public(key_of("EdDSA")), "alg": "Ed25519"}
    assert read(signed(header_of("EdDSA", jwk=jwk), claims_of(), alg="EdDSA")).jti == "a-jti"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_the_key_says_of_its_use_may_be_there(alg: str) -> None:
    jwk = {**public(key_of(alg)), "alg": alg, "use": "sig", "key_ops": ["verify"], "kid": "a", "ext": True}
    assert read(signed(header_of(alg, jwk=jwk), claims_of(), alg=alg)).jkt == key_of(alg).thumbprint()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_proof_of_each_listed_algorithm_is_good(alg: str) -> None:
    proof = read(signed(header_of(alg), claims_of(nonce="a-nonce"), alg=alg))
    assert proof == Proof(key_of(alg).thumbprint(), "a-jti", int(NOW), "a-nonce", int(NOW) + PROOF_SECONDS + LEEWAY)


@pytest.mark.parametrize(
    "alg", [GONE, None, "", "none", "None", "es256", "ES384", "ES256K", "RS256", "HS256", "Ed448", ["ES256"], {}, 256]
)
def test_an_algorithm_that_is_not_listed_is_refused(alg: object) -> None:
    assert header_code(alg=alg) == "proof.alg"


def test_nothing_symmetric_and_nothing_unsigned_is_a_proof() -> None:
    secret = OctKey.import_key(json.dumps(public(EC_KEY)))
    assert code(signed(header_of(alg="HS256"), CLAIMS, alg="HS256", key=secret)) == "proof.alg"
    assert code(signed(header_of(alg="HS256", jwk=public(secret)), CLAIMS, alg="HS256", key=secret)) == "proof.alg"
    unsigned = signed(header_of(alg="none"), CLAIMS).rpartition(".")[0]
    assert code(f"{unsigned}.") == "proof.alg"
    assert code(f"{signed(header_of(), CLAIMS).rpartition('.')[0]}.") == "proof.signature"


@pytest.mark.parametrize("jwk", [GONE, None, "", [], {}, public(OctKey.generate_key()) | {"k": GONE}, [public(EC_KEY)]])
def test_there_is_a_jwk(jwk: object) -> None:
    if isinstance(jwk, dict):
        jwk = {name: value for name, value in jwk.items() if value is not GONE}
    assert header_code(jwk=jwk) == "proof.jwk"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_jwk_with_a_private_key_is_refused(alg: str) -> None:
    jwk = key_of(alg).as_dict(private=True)
    assert code(signed(header_of(alg, jwk=jwk), CLAIMS, alg=alg)) == "proof.jwk_private"


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_no_private_member_may_be_there_whatever_it_holds(name: str) -> None:
    assert key_code(**{name: None}) == "proof.jwk_private"
    with pytest.raises(ValueError, match="private"):
        read_key({**public(EC_KEY), name: None}, "ES256")


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("ES256", ECKey.generate_key("P-384")),
        ("ES256", ECKey.generate_key("secp256k1")),
        ("ES256", key_of("EdDSA")),
        ("PS256", EC_KEY),
        ("EdDSA", EC_KEY),
        ("EdDSA", OKPKey.generate_key("Ed448")),
        ("Ed25519", OKPKey.generate_key("X25519")),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.key_type} {value.get('crv')}",
)
def test_the_key_is_of_the_kind_that_the_algorithm_needs(alg: str, key: Key) -> None:
    assert code(signed(header_of(alg, jwk=public(key)), CLAIMS, alg=alg)) == "proof.jwk"


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": None},
        {"alg": "ES384"},
        {"alg": "EdDSA"},
        {"alg": ["ES256"]},
        {"alg": None},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": None},
        {"kty": ["EC"]},
        {"crv": ["P-256"]},
        {"crv": "P-257"},
    ],
    ids=str,
)
def test_what_the_key_says_of_its_use_has_to_allow_it(members: dict[str, Any]) -> None:
    assert key_code(**members) == "proof.jwk"


X, Y = public(EC_KEY)["x"], public(EC_KEY)["y"]


@pytest.mark.parametrize(
    "members",
    [
        {"x": GONE},
        {"y": GONE},
        {"x": 5},
        {"y": None},
        {"x": ""},
        {"x": f"{X}="},
        {"x": f"{X[:20]}\n{X[20:]}"},
        {"x": f"{X[:-1]}{chr(ord(X[-1]) + 1)}"},
        {"x": encode(b"\0" + decode(X))},
        {"y": encode(b"\0" + decode(Y))},
        {"x": encode(decode(X)[:31]), "y": encode(decode(X)[31:] + decode(Y))},
        {"x": Y, "y": X},
        {"x": encode(bytes(32)), "y": encode(bytes(32))},
        {"x": encode(b"\xff" * 32)},
        {"x": "\udcff" * 43},
    ],
)
def test_the_coordinates_are_those_of_a_point_in_their_one_spelling(members: dict[str, Any]) -> None:
    """RFC 7518 6.2.1.2: with over-long ones a key would have many thumbprints."""
    assert key_code(**members) == "proof.jwk"


@pytest.mark.parametrize("x", [GONE, "", encode(bytes(31)), encode(bytes(33)), f"{public(key_of('EdDSA'))['x']}="])
def test_a_key_of_ed25519_has_32_bytes(x: object) -> None:
    assert key_code("EdDSA", x=x) == "proof.jwk"


def _number(number: int, length: int | None = None) -> str:
    return encode(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"n": _number(2**2046 + 1)}, "proof.jwk"),
        ({"n": _number(2**2047 + 1)}, "proof.signature"),
        ({"n": _number(2**4095 + 1)}, "proof.signature"),
        ({"n": _number(2**4096 + 1)}, "proof.jwk"),
        ({"n": _number(2**2047 + 2)}, "proof.jwk"),
        ({"n": _number(2**2047 + 1, 257)}, "proof.jwk"),
        ({"n": ""}, "proof.jwk"),
        ({"n": GONE}, "proof.jwk"),
        ({"e": GONE}, "proof.jwk"),
        ({"e": ""}, "proof.jwk"),
        ({"e": _number(1)}, "proof.jwk"),
        ({"e": _number(65536)}, "proof.jwk"),
        ({"e": _number(65537, 4)}, "proof.jwk"),
        ({"e": _number(2**31 + 1)}, "proof.signature"),
        ({"e": _number(2**32 + 1)}, "proof.jwk"),
    ],
    ids=lambda value: None,
)
def test_a_key_of_rsa_has_2048_to_4096_bits_and_is_quickly_used(members: dict[str, Any], expected: str) -> None:
    assert key_code("PS256", **members) == expected


def test_the_signature_is_that_of_the_key_in_the_header() -> None:
    assert code(signed(header_of(jwk=public(OTHER_KEY)), CLAIMS)) == "proof.signature"
    assert code(signed(header_of(jwk=public(OTHER_KEY), kid=EC_KEY.thumbprint()), CLAIMS)) == "proof.signature"
    for alg in ("PS256", "EdDSA"):
        other = RSAKey.generate_key(2048) if alg == "PS256" else OKPKey.generate_key("Ed25519")
        assert code(signed(header_of(alg), CLAIMS, alg=alg, key=other)) == "proof.signature"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signature_of_another_length_is_not_good(alg: str) -> None:
    text, _, signature = signed(header_of(alg), CLAIMS, alg=alg).rpartition(".")
    good = decode(signature)
    for changed in (
        b"",
        good[:-1],
        good + b"\0",
        b"\0" + good,
        b"\0" * len(good),
        good * 2,
        good[:32] + b"\0" + good[32:],
    ):
        assert code(f"{text}.{encode(changed)}") == "proof.signature"


def test_a_signature_in_der_is_not_one_of_jws() -> None:
    text = signed(header_of(), CLAIMS).rpartition(".")[0]
    key = EC_KEY.private_key
    assert key is not None
    assert code(f"{text}.{encode(key.sign(text.encode(), ECDSA(SHA256())))}") == "proof.signature"


def test_rsa_signs_by_pss_with_a_salt_as_long_as_the_hash() -> None:
    key = key_of("PS256").private_key
    text = ".".join(encode(json.dumps(part).encode()) for part in (header_of("PS256"), claims_of()))
    for padding in (PKCS1v15(), PSS(MGF1(SHA256()), 20)):
        signature = key.sign(text.encode(), padding, SHA256())  # type: ignore[union-attr, call-arg]
        assert code(f"{text}.{encode(signature)}") == "proof.signature"


def test_the_thumbprint_is_that_of_the_specifications() -> None:
    """RFC 8037 A.3 and RFC 9449 6.1; joserfc's own for RSA."""
    ed25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a"}
    assert thumbprint(ed25519) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    x, y = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
    p256 = {"y": y, "x": x, "kty": "EC", "crv": "P-256", "use": "sig"}
    assert thumbprint(p256) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    for alg in ALGORITHMS:
        assert thumbprint(key_of(alg).as_dict(private=True)) == key_of(alg).thumbprint()


@pytest.mark.parametrize("jwk", [{}, {"kty": "oct"}, {"kty": ["EC"]}, {"kty": "OKP", "crv": "Ed25519"}, {"kty": None}])
def test_what_is_no_key_has_no_thumbprint(jwk: dict[str, Any]) -> None:
    with pytest.raises(BadKey):
        thumbprint(jwk)
