"""session_state: computed as Session Management 3.2 says, from what the page in the frame knows too."""

from __future__ import annotations

import hashlib

import pytest

from idp.oauth.session_state import browser_state, session_state


def test_it_is_a_salted_hash_of_client_origin_and_browser_state_session_management_3_2() -> None:
    value, _, salt = session_state("rp", "https://rp.example/callback?x=1", "session").partition(".")
    source = f"rp https://rp.example {browser_state('session')} {salt}"
    assert value == hashlib.sha256(source.encode()).hexdigest()


def test_no_two_are_alike_and_none_holds_a_space_session_management_2() -> None:
    made = {session_state("rp", "https://rp.example/callback", "session") for _ in range(20)}
    assert len(made) == 20
    assert not any(" " in one for one in made)


def test_the_browser_state_is_the_sessions_own_and_does_not_name_it() -> None:
    assert browser_state("session") == browser_state("session") != browser_state("another")
    assert "session" not in browser_state("session")


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://RP.Example:443/callback", "https://rp.example"),
        ("https://rp.example:8443/callback", "https://rp.example:8443"),
        ("http://rp.localhost:80", "http://rp.localhost"),
        ("http://rp.localhost:443/?a=/b", "http://rp.localhost:443"),
        ("http://[::1]:8080/callback", "http://[::1]:8080"),
    ],
)
def test_the_origin_is_spelt_as_browsers_spell_it(redirect_uri: str, origin: str) -> None:
    value, _, salt = session_state("rp", redirect_uri, "session").partition(".")
    assert value == hashlib.sha256(f"rp {origin} {browser_state('session')} {salt}".encode()).hexdigest()
