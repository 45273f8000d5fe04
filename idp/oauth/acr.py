"""How well somebody must be known for a client, and what its ID token says of it (Core 2, 5.5.1.1).

Levels are ordered: who is known at one level meets every lower one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.model import LEVELS, ClaimsRequest, Wish


def highest(values: Iterable[Any], level: int) -> str | None:
    """Return the highest of the `acr` values that somebody of `level` meets, None if they meet none of them."""
    return max((one for one in values if one in LEVELS[:level]), key=LEVELS.index, default=None)


def met(claims: ClaimsRequest, level: int) -> bool:
    """Tell whether somebody of `level` is known as well as the request insists on; acr_values never insist."""
    wish = claims.id_token.get("acr", Wish())
    return not wish.essential or not wish.values or highest(wish.values, level) is not None


def told(claims: ClaimsRequest, level: int) -> str:
    """Return the ID token's `acr`: of the values asked for the highest one that is met, else the level itself."""
    return highest(claims.id_token.get("acr", Wish()).values, level) or LEVELS[level - 1]
