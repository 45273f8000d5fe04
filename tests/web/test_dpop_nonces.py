"""A server's DPoP nonces (RFC 9449 8): known again without being stored, and not for long."""

from __future__ import annotations

import re

import pytest

from web.dpop_nonces import SLOT_SECONDS, Nonces

SECRET = bytes(range(32))
START = 1_800_000_000 // SLOT_SECONDS * SLOT_SECONDS
"""The first second of a slot."""


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (-0.5, False),
        (0, True),
        (SLOT_SECONDS - 0.5, True),
        (SLOT_SECONDS, True),
        (2 * SLOT_SECONDS - 0.5, True),
        (2 * SLOT_SECONDS, False),
        (10 * SLOT_SECONDS, False),
    ],
)
def test_a_nonce_is_good_in_its_slot_and_the_next(age: float, good: bool) -> None:
    assert Nonces(SECRET).good(Nonces(SECRET).current(START), START + age) is good


def test_each_slot_has_one_nonce_of_its_own() -> None:
    nonces = Nonces(SECRET)
    assert nonces.current(START) == nonces.current(START + SLOT_SECONDS - 0.5)
    assert len({nonces.current(START + slot * SLOT_SECONDS) for slot in range(20)}) == 20


def test_a_nonce_is_written_with_the_characters_of_rfc_9449_8_1_and_cannot_be_guessed() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", Nonces(SECRET).current(START))


@pytest.mark.parametrize("nonce", [None, "", "x", "\udcff", "京", " ", "A" * 43])
def test_what_was_never_given_out_is_not_good(nonce: str | None) -> None:
    assert not Nonces(SECRET).good(nonce, START)


def test_a_changed_nonce_is_not_good() -> None:
    nonce = Nonces(SECRET).current(START)
    for changed in (nonce + "=", nonce + "A", nonce[:-1], nonce.swapcase(), f" {nonce}"):
        assert not Nonces(SECRET).good(changed, START)


def test_another_secret_gives_other_nonces() -> None:
    assert not Nonces(bytes(32)).good(Nonces(SECRET).current(START), START)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 32 bytes"):
        Nonces(b"x" * 31)
