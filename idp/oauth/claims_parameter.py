"""The `claims` parameter: which single claims a client asks for, and where (Core 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from idp.errors import RedirectRefusal
from idp.model import ClaimsRequest, Wish
from idp.oauth.claims import SCOPE_OF_CLAIM
from web import strict_json

LONGEST = 8192
MOST_CLAIMS = 100
DEEPEST = 16
ABOUT_THE_LOG_IN = frozenset({"acr", "auth_time"})
"""What the ID token says of the log-in: any client may ask for it, of the ID token alone (Core 2, 5.5.1.1)."""


def parse(text: str, scope: frozenset[str]) -> ClaimsRequest:
    """Return what is asked for of what a client with that registered `scope` may be given.

    Other claims and members are ignored (Core 5.5, 5.5.1). Raises RedirectRefusal if it cannot be read.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        _refuse("claims is too long.")
    try:
        asked = strict_json.read(text)
    except (ValueError, RecursionError):
        _refuse("claims must be JSON in which no name is repeated.")
    if not isinstance(asked, dict):
        _refuse("claims must be a JSON object.")
    if _depth(asked) > DEEPEST:
        _refuse("claims is nested too deeply.")
    userinfo, id_token = _member(asked, "userinfo"), _member(asked, "id_token")
    if len(userinfo) + len(id_token) > MOST_CLAIMS:
        _refuse("claims asks for too many claims.")
    covered = frozenset(name for name, one in SCOPE_OF_CLAIM.items() if one in scope)
    return ClaimsRequest(_wishes(userinfo, covered), _wishes(id_token, covered | ABOUT_THE_LOG_IN))


def _member(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = asked.get(name, {})
    if not isinstance(member, dict):
        _refuse(f"claims: {name} must be a JSON object.")
    return member


def _wishes(member: Mapping[str, Any], known: frozenset[str]) -> dict[str, Wish]:
    return {name: _wish(name, wish) for name, wish in member.items() if name in known}


def _wish(name: str, wish: Any) -> Wish:
    if wish is None:
        return Wish()
    if not isinstance(wish, dict):
        _refuse(f"claims: {name} must be null or a JSON object.")
    essential = wish.get("essential", False)
    if not isinstance(essential, bool):
        _refuse(f"claims: essential of {name} must be true or false.")
    if "value" in wish and "values" in wish:
        _refuse(f"claims: {name} has both value and values.")
    values = wish.get("values", [wish["value"]] if "value" in wish else [])
    if not isinstance(values, list) or ("values" in wish and not values):
        _refuse(f"claims: values of {name} must be a list that is not empty.")
    return Wish(essential, tuple(values))


def _depth(value: Any) -> int:
    """Return how deeply objects and lists are nested, as far as is of interest."""
    level, deep = [value], 0
    while level and deep <= DEEPEST:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
        deep += bool(inner)
    return deep


def _refuse(text: str) -> NoReturn:
    raise RedirectRefusal("invalid_request", text)
