"""What an ID token holds beside whichever artefact it travels with (Core 2, 3.1.3.6, 3.3.2.11, 12.2)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.keys import KeyRing
from idp.model import ClaimsRequest, Grant, Wish
from idp.oauth import id_token
from idp.oauth.signing import read_own
from tests.idp.oauth.checker import NOW, Checker
from tests.replaced import replace

ISSUER = "http://idp.localhost:8000"
GRANT = Grant(
    "g", "beijing", "li", "s", "sid", "pairwise", "https://c.example/cb", ("openid",), None, "n-1", None,
    int(NOW) - 5, 3, ("pwd",), NOW, NOW + 60,
)  # fmt: skip
ALWAYS = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "jti"}
# Core 3.3.2.11's own example: the left half of SHA-256, and what it is of.
CODE = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
C_HASH = "LDktKdoQak3Pk0cnXxCltA"
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
AT_HASH = "77QmUPtjPfzWtF2AnpK9RQ"


def minted(keys: KeyRing, check: Checker, grant: Grant = GRANT, **options: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"access_token": None, "first": True, **options}
    token = id_token.mint(keys, ISSUER, check().client, grant, given.pop("access_token"), NOW, 300, **given)
    claims = read_own(keys, ISSUER, token, id_token.TYP)
    assert claims is not None
    return claims


def test_alone_it_has_neither_hash_core_3_2_2_10(keys: KeyRing, check: Checker) -> None:
    assert set(minted(keys, check)) == {*ALWAYS, "nonce"}


def test_at_hash_and_c_hash_are_of_what_travels_with_it_core_3_3_2_11(keys: KeyRing, check: Checker) -> None:
    with_both = minted(keys, check, access_token=ACCESS_TOKEN, code=CODE)
    assert (with_both["at_hash"], with_both["c_hash"]) == (AT_HASH, C_HASH)
    assert "at_hash" not in minted(keys, check, code=CODE)
    assert "c_hash" not in minted(keys, check, access_token=ACCESS_TOKEN)


@pytest.mark.parametrize(
    ("uris", "there"),
    [
        ({"backchannel_logout_uri": None}, False),
        ({"backchannel_logout_uri": None, "frontchannel_logout_uri": "https://c.example/out"}, True),
        ({"backchannel_logout_uri": "https://c.example/out"}, True),
    ],
)
def test_sid_is_for_clients_that_are_told_of_log_outs_backchannel_2_1(
    uris: dict[str, str | None], there: bool, keys: KeyRing, check: Checker
) -> None:
    assert ("sid" in minted(keys, check.registered_with(**uris))) is there


def test_a_refreshed_one_has_no_nonce_core_12_2(keys: KeyRing, check: Checker) -> None:
    assert set(minted(keys, check, first=False)) == ALWAYS


def test_claims_that_were_asked_for_are_added_and_none_replaces_what_the_provider_says(
    keys: KeyRing, check: Checker
) -> None:
    told = minted(keys, check, claims={"email": "li@example.cn", "sub": "other", "iss": "other", "acr": "other"})
    assert (told["email"], told["sub"], told["iss"], told["acr"]) == (
        "li@example.cn", "pairwise", ISSUER, "urn:manyou:loa:3",
    )  # fmt: skip


@pytest.mark.parametrize(("wanted", "told"), [("urn:manyou:loa:2", 2), ("urn:manyou:loa:4", 3), ("phr", 3)])
def test_acr_is_the_value_asked_for_if_that_is_met_core_5_5_1_1(
    wanted: str, told: int, keys: KeyRing, check: Checker
) -> None:
    grant = replace(GRANT, claims=ClaimsRequest({}, {"acr": Wish(values=(wanted,))}))
    assert minted(keys, check, grant)["acr"] == f"urn:manyou:loa:{told}"
