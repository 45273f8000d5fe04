"""Which acr an ID token tells, and when one that is insisted on is not met (Core 5.5.1.1)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.model import LEVELS, ClaimsRequest, Wish
from idp.oauth import acr

ONE, TWO, THREE, FOUR = LEVELS


def wanting(*values: Any, essential: bool = True) -> ClaimsRequest:
    return ClaimsRequest({}, {"acr": Wish(essential, values)})


@pytest.mark.parametrize(
    ("claims", "met", "told"),
    [
        (ClaimsRequest(), True, THREE),
        (wanting(), True, THREE),
        (wanting(THREE), True, THREE),
        (wanting(TWO), True, TWO),
        (wanting(FOUR, ONE, TWO), True, TWO),
        (wanting(FOUR), False, THREE),
        (wanting("phr", FOUR), False, THREE),
        (wanting(3), False, THREE),
        (wanting(None), False, THREE),
        (wanting(["x"], {}), False, THREE),
        (wanting(FOUR, essential=False), True, THREE),
        (wanting(TWO, FOUR, essential=False), True, TWO),
        # Asked for at /userinfo it means nothing.
        (ClaimsRequest({"acr": Wish(True, (FOUR,))}), True, THREE),
    ],
    ids=str,
)
def test_of_somebody_at_level_three(claims: ClaimsRequest, met: bool, told: str) -> None:
    assert (acr.met(claims, 3), acr.told(claims, 3)) == (met, told)
