"""JOSE input at every place where a JWT comes in: refused with that place's code, never taken, never a fault."""

from __future__ import annotations

import pytest

from tests.bad_input.forged import ATTACKS
from tests.bad_input.places import Place, Places
from tests.idp.provider import Provider

NAMES = (
    "client_assertion of alpha",
    "client_assertion of by-rsa",
    "DPoP proof by ES256",
    "DPoP proof by PS256",
    "request object of alpha",
    "request object of by-rsa",
    "request object of fapi",
    "access token at /userinfo",
    "access token at /introspect",
    "id_token_hint of alpha",
    "id_token_hint of by-rsa",
)


@pytest.fixture(scope="module")
def places(attacked: Provider) -> dict[str, Place]:
    return Places(attacked).all()


def test_these_are_all_places(places: dict[str, Place]) -> None:
    assert tuple(places) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_good_token_is_taken(places: dict[str, Place], name: str) -> None:
    assert places[name].send(places[name].good().token()) == places[name].taken


@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_is_wrong_in_one_way_is_refused_with_the_places_code(
    attacked: Provider, places: dict[str, Place], name: str
) -> None:
    place = places[name]
    attacks = {attack: forge for attack, forge in ATTACKS.items() if attack not in place.passes_over}
    answers = {attack: place.send(forge(place.good())) for attack, forge in attacks.items()}
    unexpected = {
        attack: answer
        for attack, answer in answers.items()
        if answer != (place.unsigned if place.unsigned and attack.startswith("alg is none") else place.refused)
    }
    assert unexpected == {}
    assert attacked.listener.received("/keys") == [], "an address in a token was asked"
