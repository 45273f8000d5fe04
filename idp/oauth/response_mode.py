"""How an authorization response travels: query, fragment, form_post, or a JWT of them (Multiple Response Types 2)."""

from __future__ import annotations

from idp.features import Features

JWT_MODES = {"jwt": None, "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"}


def normal(response_type: str) -> str:
    """Return the response_type with its values in alphabetical order: their order has no meaning (RFC 6749 3.1.1)."""
    return " ".join(sorted(response_type.split(" ")))


def default(response_type: str) -> str:
    """Return the mode where none is named: tokens never travel in a query (Multiple Response Types 5)."""
    return "query" if response_type in ("code", "none") else "fragment"


def possible(mode: str, response_type: str, features: Features) -> bool:
    """Tell whether answers to that response_type may travel so."""
    if mode not in features.response_modes:
        return False
    return not (JWT_MODES.get(mode, mode) == "query" and default(response_type) == "fragment")


def of(mode: str | None, response_type: str) -> str:
    """Return how the answer travels, `jwt` spelt out (JARM 2.3.4).

    The request alone decides that: the algorithm that a client has registered says how to sign, not when (JARM 3).
    """
    if mode is None:
        return default(response_type)
    return f"{default(response_type)}.jwt" if mode == "jwt" else mode


def lenient(mode: str | None, response_type: str | None, features: Features) -> str:
    """Return how a refusal travels where either of the two may be wrong or missing."""
    kind = normal(response_type or "code")
    if kind not in features.response_types:
        kind = "code"
    if mode is not None and not possible(mode, kind, features):
        # Whoever waits for a JWT in the wrong place gets one in the right place.
        mode = "jwt" if mode in JWT_MODES and mode in features.response_modes else None
    return of(mode, kind)
