"""A DPoP proof is read as RFC 9449 4.3 lists it: for each check the nearest proof that fails it, and it alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tests.web.dpop_signer import (
    EC_KEY,
    GONE,
    METHOD,
    NOW,
    OTHER_KEY,
    URL,
    claims_of,
    code,
    header_code,
    header_of,
    public,
    read,
    signed,
)
from web.base64url import decode
from web.dpop import LEEWAY, PROOF_SECONDS, REASONS, Proof, make_proof

GOOD = signed(header_of(), claims_of())
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
HASH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
"""The access token of RFC 9449 7.1 and its `ath`."""


def claims_code(**changes: Any) -> str:
    return code(signed(header_of(), claims_of(**changes)))


# The examples of RFC 9449: figures 2 and 13, in lines, so that no whole token stands here.
RFC_HEADER = [
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD",
    "a0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6",
    "IlAtMjU2In19",
]
RFC_TOKEN_REQUEST = [
    *RFC_HEADER,
    ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
    "IiwiaWF0IjoxNTYyMjYyNjE2fQ",
    ".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
]
RFC_RESOURCE_REQUEST = [
    *RFC_HEADER,
    ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90",
    "ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtz",
    "bVFFbyJ9",
    ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
]
RFC_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_the_examples_of_rfc_9449_are_good() -> None:
    at_token = read("".join(RFC_TOKEN_REQUEST), url="https://server.example.com/token", now=1562262616)
    assert at_token == Proof(RFC_THUMBPRINT, "-BwC3ESc6acc2lTc", 1562262616, None, 1562262616 + PROOF_SECONDS + LEEWAY)
    where = {"method": "GET", "url": "https://resource.example.org/protectedresource", "now": 1562262618}
    at_resource = read("".join(RFC_RESOURCE_REQUEST), access_token=TOKEN, **where)
    assert (at_resource.jkt, at_resource.jti) == (RFC_THUMBPRINT, "e1j3V_bKic8-LAEB")


def test_what_is_not_understood_is_ignored() -> None:
    """RFC 7515 4, RFC 7519 4; and a `kid` names no other key than the one in `jwk`."""
    header = header_of(kid=OTHER_KEY.thumbprint(), tx_id=1, jku="https://other.example/jwks", x5c=["x"])
    assert read(signed(header, claims_of(tx_id_key={"a": [1, None]}, ath=5, sub="x"))).jkt == EC_KEY.thumbprint()


# 1 and 2: one header field, one well-formed JWT


def test_a_request_has_exactly_one_header() -> None:
    assert code() == "proof.missing"
    assert code(GOOD, signed(header_of(), claims_of(jti="another"))) == "proof.repeated"
    assert code(GOOD, GOOD) == "proof.repeated"


FIRST, SECOND, THIRD = GOOD.split(".")


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "..",
        "x",
        f"{FIRST}.{SECOND}",
        f"{FIRST}.{SECOND}.{THIRD}.",
        f"{FIRST}.{SECOND}.{THIRD}.{THIRD}.{THIRD}",
        f"{GOOD}, {GOOD}",
        f"{GOOD}=",
        f"{GOOD}==",
        f"{GOOD} ",
        f" {GOOD}",
        f"{GOOD}\n",
        f"{GOOD}*",
        f"{FIRST}.{SECOND}=.{THIRD}",
        f"{FIRST}.{SECOND}.{THIRD[:-1]}{chr(ord(THIRD[-1]) + 1)}",
        f"{FIRST[:9]}%{FIRST[9:]}.{SECOND}.{THIRD}",
        f"{FIRST}.{SECOND}.京",
        f"{FIRST}.{SECOND}.\udcff",
        json.dumps({"payload": SECOND, "protected": FIRST, "signature": THIRD}),
    ],
)
def test_anything_but_three_canonical_segments_is_refused(proof: str) -> None:
    assert code(proof) == "proof.form"


def test_plus_and_slash_are_not_base64url() -> None:
    proofs = [signed(header_of(), claims_of(jti=f"{count}-ÿ~~~~~~?", htm=METHOD)) for count in range(40)]
    written = [proof for proof in proofs if "-" in proof and "_" in proof]
    assert written
    assert {code(proof.replace("-", "+")) for proof in written} == {"proof.form"}
    assert {code(proof.replace("_", "/")) for proof in written} == {"proof.form"}


def test_a_long_proof_is_not_looked_at() -> None:
    assert code("x" * 8193) == "proof.size"
    assert code("x" * 8192) == "proof.form"


HEADER, CLAIMS = json.dumps(header_of()), json.dumps(claims_of())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        '["alg", "typ"]',
        '"alg"',
        "{}{}",
        "{'a': 1}",
        '{"a": 1,}',
        "\ufeff{}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": ' + "[" * 2500 + "]" * 2500 + "}",
        '{"a": ' * 33 + "1" + "}" * 33,
        '{"a": [' + "[]," * 31 + "1]}",
        '{"a": ' + "1" * 5000 + "}",
        '{"a": "\udcff"}',
    ],
)
def test_anything_but_a_json_object_of_distinct_members_is_refused(text: str) -> None:
    assert code(signed(text, CLAIMS)) == "proof.form"
    assert code(signed(HEADER, text)) == "proof.form"


def test_what_is_nested_no_deeper_than_a_few_members_is_read() -> None:
    """The bound is far above what anybody sends, and far below what a parser falls over."""
    assert read(signed(header_of(), claims_of(a=[[]] * 30))).jti == "a-jti"
    assert claims_code(a=[[]] * 31) == "proof.form"
    assert header_code(a=[[]] * 30) == "proof.form"


@pytest.mark.parametrize("name", ["typ", "alg", "jwk"])
def test_a_member_of_the_header_does_not_come_twice(name: str) -> None:
    again = json.dumps({name: header_of()[name]})[1:-1]
    assert code(signed(f"{HEADER[:-1]}, {again}}}", CLAIMS)) == "proof.form"


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
def test_a_claim_does_not_come_twice(name: str) -> None:
    again = json.dumps({name: claims_of()[name]})[1:-1]
    assert code(signed(HEADER, f"{CLAIMS[:-1]}, {again}}}")) == "proof.form"


# 4 to 7: the header


@pytest.mark.parametrize("typ", [GONE, None, "", "JWT", "DPoP+JWT", "dpop+jwt ", "application/dpop+jwt", ["dpop+jwt"]])
def test_typ_is_dpop_jwt_exactly(typ: object) -> None:
    assert header_code(typ=typ) == "proof.typ"


@pytest.mark.parametrize(
    "extension", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": None}, {"b64": True}, {"b64": False}]
)
def test_no_extension_of_jws_is_understood(extension: dict[str, Any]) -> None:
    assert header_code(**extension) == "proof.crit"


# 3, 8, 9 and 11: the claims


@pytest.mark.parametrize("jti", [GONE, None, "", 5, ["a"], "a" * 257, "a\n", "a\0", "\ud800", "a\x7f"])
def test_jti_is_a_printable_text_of_at_most_256_characters(jti: object) -> None:
    assert claims_code(jti=jti) == "proof.jti"


@pytest.mark.parametrize("jti", ["a", "a" * 256, "京 津 冀"])
def test_jti_comes_back_as_it_is(jti: str) -> None:
    assert read(signed(header_of(), claims_of(jti=jti))).jti == jti


@pytest.mark.parametrize("htm", [GONE, None, "", "GET", "post", "POST ", ["POST"]])
def test_htm_is_the_method_of_the_request(htm: object) -> None:
    assert claims_code(htm=htm) == "proof.htm"
    assert code(GOOD, method="GET") == "proof.htm"


@pytest.mark.parametrize(
    "htu",
    [
        GONE,
        None,
        "",
        5,
        [URL],
        "/oauth/token",
        "https://idp.example/oauth/par",
        "https://idp.example/oauth/token/",
        "http://idp.example/oauth/token",
        "https://idp.example:8443/oauth/token",
        "https://other.example/oauth/token",
        "https://other.example?https://idp.example/oauth/token",
        "https://other.example@idp.example/oauth/token",
        "https://idp.example/oauth/token\n",
        "\ud800",
    ],
)
def test_htu_is_the_url_of_the_request(htu: object) -> None:
    assert claims_code(htu=htu) == "proof.htu"


@pytest.mark.parametrize(
    "htu", [f"{URL}?a=b#c", f"{URL}#", "HTTPS://IDP.EXAMPLE:443/oauth/token", "https://idp.example/oauth/%74oken"]
)
@pytest.mark.parametrize("url", [URL, f"{URL}?other", "https://idp.example:443/oauth/token"])
def test_htu_may_be_spelled_differently_and_its_query_does_not_count(htu: str, url: str) -> None:
    assert read(signed(header_of(), claims_of(htu=htu)), url=url).jti == "a-jti"


def test_a_url_that_is_none_is_nobodys() -> None:
    assert code(signed(header_of(), claims_of(htu="nowhere")), url="elsewhere") == "proof.htu"


@pytest.mark.parametrize("seconds", [-60, -10, 0, 8, 10, 30])
def test_a_proof_is_made_just_now_by_clocks_that_may_differ(seconds: int) -> None:
    now = float(int(NOW))
    proof = read(signed(header_of(), claims_of(iat=now + seconds)), now=now)
    assert (proof.iat, proof.expires_at) == (now + seconds, now + seconds + PROOF_SECONDS + LEEWAY)


@pytest.mark.parametrize("seconds", [-3600, -60, 31, 60, 3600])
def test_a_proof_of_another_time_is_refused(seconds: int) -> None:
    assert claims_code(iat=int(NOW) + seconds) == "proof.iat"


@pytest.mark.parametrize("iat", [GONE, None, True, str(int(NOW)), [int(NOW)], {}, 0, -1, 10**4000, -(10**4000)])
def test_iat_is_a_number(iat: object) -> None:
    assert claims_code(iat=iat) == "proof.iat"


def test_true_is_no_number_even_at_the_beginning_of_time() -> None:
    assert code(signed(header_of(), claims_of(iat=True)), now=1.0) == "proof.iat"
    assert code(signed(header_of(), claims_of(iat=1, exp=True)), now=1.0) == "proof.exp"
    assert code(signed(header_of(), claims_of(iat=1, nbf=True)), now=1.0) == "proof.nbf"


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e308"])
def test_a_number_without_bounds_is_not_now(number: str) -> None:
    assert code(signed(HEADER, CLAIMS.replace(str(int(NOW)), number))) == "proof.iat"


def test_iat_may_have_a_fraction() -> None:
    """RFC 7519 2: a NumericDate may be no whole number."""
    assert read(signed(header_of(), claims_of(iat=NOW))) == Proof(
        EC_KEY.thumbprint(), "a-jti", int(NOW), None, NOW + PROOF_SECONDS + LEEWAY
    )


def test_a_proof_is_remembered_as_long_as_it_is_good_by_any_clock() -> None:
    proof = read(GOOD)
    assert code(GOOD, now=proof.expires_at - LEEWAY + 1) == "proof.iat"
    assert read(GOOD, now=proof.expires_at - LEEWAY) == proof


@pytest.mark.parametrize(
    "claims", [{"exp": NOW + 300, "nbf": NOW}, {"exp": NOW - LEEWAY + 0.5}, {"nbf": NOW + LEEWAY}, {"exp": 10**4000}]
)
def test_exp_and_nbf_may_be_there(claims: dict[str, Any]) -> None:
    assert read(signed(header_of(), claims_of(**claims))).jti == "a-jti"


@pytest.mark.parametrize("exp", [NOW - LEEWAY, 0, "later", [], 10.5])
def test_exp_is_heeded_where_it_is(exp: object) -> None:
    assert claims_code(exp=exp) == "proof.exp"


@pytest.mark.parametrize("nbf", [NOW + LEEWAY + 0.5, 10**4000, "now", {}])
def test_nbf_is_heeded_where_it_is(nbf: object) -> None:
    assert claims_code(nbf=nbf) == "proof.nbf"


@pytest.mark.parametrize("nonce", ["", " ", "a b", 'a"', "a\\", "京", "\ud800", "a\n", "a" * 257, 5, ["a"]])
def test_a_nonce_is_written_as_rfc_9449_8_1_has_it(nonce: object) -> None:
    assert claims_code(nonce=nonce) == "proof.nonce"


# 12: at a resource


def test_ath_is_the_hash_of_the_access_token() -> None:
    assert read(signed(header_of(), claims_of(ath=HASH)), access_token=TOKEN).jti == "a-jti"


@pytest.mark.parametrize("ath", [GONE, None, "", 5, [HASH], f"{HASH}=", HASH.lower(), HASH[:-1], "京", "\ud800"])
def test_with_an_access_token_its_hash_has_to_be_there(ath: object) -> None:
    assert code(signed(header_of(), claims_of(ath=ath)), access_token=TOKEN) == "proof.ath"


@pytest.mark.parametrize("token", ["", "other", TOKEN + " ", "京", "\udcff"])
def test_the_hash_of_one_token_is_not_that_of_another(token: str) -> None:
    assert code(signed(header_of(), claims_of(ath=HASH)), access_token=token) == "proof.ath"


# What is said, what is made, what a key is called


@pytest.mark.parametrize("reason", REASONS.values())
def test_a_reason_may_be_an_error_description(reason: str) -> None:
    """RFC 6749 5.2: printable ASCII without quotes and backslashes; one sentence."""
    assert reason.isascii()
    assert reason.isprintable()
    assert not {'"', "'", "\\"} & set(reason)
    assert reason.endswith(".")


def test_a_portals_proof_is_good_and_says_no_more_than_it_must() -> None:
    url = f"{URL}?a=b#c"
    proof = make_proof(EC_KEY, method=METHOD, url=url, now=NOW, nonce="a-nonce", access_token=TOKEN)
    read_back = read(proof, access_token=TOKEN)
    assert (read_back.jkt, read_back.iat, read_back.nonce) == (EC_KEY.thumbprint(), int(NOW), "a-nonce")
    content = jws.deserialize_compact(proof, EC_KEY, algorithms=["ES256"])
    assert content.headers() == {"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", **public(EC_KEY)}}
    assert json.loads(content.payload or b"") == claims_of(jti=read_back.jti, nonce="a-nonce", ath=HASH)


def test_a_portals_proof_has_a_jti_of_its_own_unless_told() -> None:
    one, other = (make_proof(EC_KEY, method=METHOD, url=URL, now=NOW) for _ in range(2))
    assert read(one).jti != read(other).jti
    assert len(read(one).jti) >= 16
    told = make_proof(EC_KEY, method=METHOD, url=URL, now=NOW, jti="told")
    assert json.loads(decode(told.split(".")[1])) == claims_of(jti="told")


def test_the_key_of_a_portals_proof_stays_private_whatever_else_it_says() -> None:
    key = ECKey.import_key({**EC_KEY.as_dict(private=True), "use": "sig", "alg": "ES256", "kid": "a"})
    header = json.loads(decode(make_proof(key, method=METHOD, url=URL, now=NOW).split(".")[0]))
    assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
