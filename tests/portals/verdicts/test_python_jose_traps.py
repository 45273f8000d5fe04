"""What python-jose lets through, and the verdict does not.

The first half of each test shows that the library would accept; should a new version refuse, the guard may go.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jose import JWTError, jws, jwt
from jose.exceptions import JOSEError
from joserfc.jwk import ECKey

import portals
from portals.verdict import VerificationKeys, judge
from tests.portals.verdicts.signer import Signer, encode, good_claims, good_header, to_json
from tests.portals.verdicts.tokens import ABSENT, with_claims
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, expectation

SIGNER = SIGNERS["ES256"]
HEADER = good_header("id_token", SIGNER)
CLAIMS = good_claims("id_token", FACTS)


def _jose_accepts(token: str, key: Any, alg: str = "ES256") -> bool:
    try:
        jws.verify(token, key, [alg])
    except JOSEError:
        return False
    return True


def _code(token: str, keys: VerificationKeys = KEYS) -> str:
    return judge(token, expectation("id_token"), keys).code


def test_it_ignores_kid() -> None:
    token = SIGNER.token({**HEADER, "kid": "somebody-elses"}, CLAIMS)
    assert _jose_accepts(token, {"keys": [SIGNER.jwk()]})
    assert _code(token) == "token.kid.unknown"


@pytest.mark.parametrize(("name", "value"), [("crit", ["exp"]), ("b64", False)])
def test_it_ignores_crit_and_b64(name: str, value: Any) -> None:
    token = SIGNER.token({**HEADER, name: value}, CLAIMS)
    assert _jose_accepts(token, SIGNER.jwk())
    assert _code(token) == f"token.{name}.present"


@pytest.mark.parametrize("claim", ["aud", "exp"])
def test_it_accepts_a_token_without_aud_or_exp(claim: str) -> None:
    token = with_claims("id_token", SIGNER, FACTS, {claim: ABSENT, "at_hash": ABSENT})
    decoded = jwt.decode(token, SIGNER.jwk(), ["ES256"], audience=FACTS.client_id, issuer=FACTS.issuer)
    assert claim not in decoded
    assert _code(token) == f"token.{claim}.missing"


def test_it_accepts_es256_with_a_p384_key() -> None:
    private = ec.generate_private_key(ec.SECP384R1())
    jwk = {**ECKey.import_key(private.public_key()).as_dict(), "kid": SIGNER.kid, "alg": "ES256", "use": "sig"}
    message = f"{encode(to_json(HEADER))}.{encode(to_json(CLAIMS))}"
    r, s = decode_dss_signature(private.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{message}.{encode(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"
    assert _jose_accepts(token, jwk)
    assert _code(token, VerificationKeys.from_jwks({"keys": [jwk]})) == "token.key.unusable"


def test_it_accepts_junk_bits_in_the_signature() -> None:
    token = SIGNER.token(HEADER, CLAIMS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    assert other != token
    assert _jose_accepts(other, SIGNER.jwk())
    assert _code(other) == "token.shape.not_canonical"


def test_it_takes_a_public_key_in_der_as_a_shared_secret() -> None:
    der = SIGNER.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    message = f"{encode(to_json({**HEADER, 'alg': 'HS256'}))}.{encode(to_json(CLAIMS))}"
    token = f"{message}.{encode(hmac.digest(der, message.encode(), hashlib.sha256))}"
    assert _jose_accepts(token, der, "HS256")
    assert _code(token) == "token.alg.symmetric"


def test_a_deeply_nested_header_escapes_from_it_as_recursion_error() -> None:
    header = b'{"alg":"ES256","x":' + b"[" * 2500 + b"]" * 2500 + b"}"
    token = SIGNER.raw(header, to_json(CLAIMS))
    with pytest.raises(RecursionError):
        jws.verify(token, SIGNER.jwk(), ["ES256"])
    assert _code(token) == "token.header.depth"


def test_a_key_that_it_does_not_know_breaks_its_whole_jwks() -> None:
    odd = {"kty": "EC", "crv": "SM2", "kid": "odd", "x": "AA", "y": "AA"}
    token = SIGNER.token(HEADER, {**CLAIMS, "at_hash": "left out of this"})
    with pytest.raises((JWTError, KeyError)):
        jwt.decode(token, {"keys": [odd, SIGNER.jwk()]}, ["ES256"], audience="hebei", issuer=FACTS.issuer)
    assert (
        _code(SIGNER.token(HEADER, CLAIMS), VerificationKeys.from_jwks({"keys": [odd, SIGNER.jwk()]}))
        == "token.accepted"
    )


def test_it_reads_the_last_of_two_members_with_one_name() -> None:
    token = Signer(SIGNER.private_key, SIGNER.kid).raw(b'{"alg":"none",' + to_json(HEADER)[1:], to_json(CLAIMS))
    assert _jose_accepts(token, SIGNER.jwk())
    assert _code(token) == "token.header.duplicate"


def test_only_its_safe_parts_are_used_and_in_one_module_only() -> None:
    used: dict[str, set[str]] = {}
    for path in Path(next(iter(portals.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jose":
                used.setdefault(path.name, set()).update(f"{node.module}.{alias.name}" for alias in node.names)
            if isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "jose" for alias in node.names)
    assert used == {"verification_keys.py": {"jose.jwk", "jose.backends.base.Key", "jose.exceptions.JOSEError"}}
