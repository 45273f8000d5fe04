"""A compact token taken apart strictly: three canonical base64url segments, then JSON objects without surprises.

python-jose 3.5 ignores junk bits in a segment, keeps the last of two members with one name, and lets a deeply nested
header escape as RecursionError; so the reading is our own and its library sees only what has passed here.
"""

from __future__ import annotations

import binascii
import json
import math
import re
from dataclasses import dataclass
from typing import Any

DEPTH_LIMIT = 8
"""How deep objects and arrays may be nested; the deepest honest one, a logout token's `events`, has 3."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_TO_PLAIN = bytes.maketrans(b"-_", b"+/")
_WHITE = b" \t\n\r\f\v"
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")


class Malformed(ValueError):
    """A token or segment that cannot be read; `way` is the last word of the failure's code, `found` is printable."""

    def __init__(self, way: str, found: str) -> None:
        super().__init__(f"{way}: {found}")
        self.way = way
        self.found = found


@dataclass(frozen=True)
class TokenParts:
    """The three decoded segments of a JWS in compact serialization (RFC 7515 3.1)."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes
    """Header and payload as they came: what the signature is of (RFC 7515 5.2)."""


def split_token(token: bytes) -> TokenParts:
    """Decode the three segments of `token`.

    Raises Malformed: whitespace, characters, segments, encrypted (five segments, RFC 7516 3.1), padding,
    not_canonical.
    """
    if token.translate(None, _WHITE) != token:
        raise Malformed("whitespace", "white space inside the token")
    segments = token.split(b".")
    if len(segments) == 5:
        raise Malformed("encrypted", "5 segments")
    if len(segments) != 3:
        raise Malformed("segments", f"{len(segments)} segment{'' if len(segments) == 1 else 's'}")
    header, payload, signature = (
        decode_segment(segment, name)
        for segment, name in zip(segments, ("header", "payload", "signature"), strict=True)
    )
    return TokenParts(header, payload, signature, token[: -len(segments[2]) - 1])


def decode_segment(segment: bytes, name: str) -> bytes:
    """Decode base64url that has exactly one spelling (RFC 7515 2, RFC 4648 3.5). Raises Malformed."""
    if b"=" in segment:
        raise Malformed("padding", f"'=' in the {name}")
    if segment.translate(None, _ALPHABET):
        raise Malformed("characters", f"a character outside base64url in the {name}")
    # What urlsafe_b64decode and urlsafe_b64encode do, without their looks at what they are given.
    plain = segment.translate(_TO_PLAIN)
    try:
        decoded = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise Malformed("not_canonical", f"an impossible length of the {name}") from error
    if binascii.b2a_base64(decoded, newline=False).rstrip(b"=") != plain:
        raise Malformed("not_canonical", f"unused bits set at the end of the {name}")
    return decoded


def read_object(raw: bytes) -> dict[str, Any]:
    """Read one JSON object. Raises Malformed: json, duplicate (RFC 7515 4, RFC 7519 4), depth, object."""
    if _depth(raw) > DEPTH_LIMIT:
        raise Malformed("depth", f"more than {DEPTH_LIMIT} levels")
    try:
        value = _decoder.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair could not be shown later
    except Malformed:
        raise
    except UnicodeError as error:
        raise Malformed("json", "not Unicode text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Malformed("json", "not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("object", f"JSON, but {json_type(value)}")
    return value


def json_type(value: object) -> str:
    """Name the JSON type of `value`, as RFC 8259 3 does."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    for kind, name in ((str, "a string"), (dict, "an object"), (list, "an array"), (int | float, "a number")):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed("duplicate", f"{json.dumps(twice)[:40]} more than once")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("json", "a number too large to read")
    return number


def _no_constant(text: str) -> float:
    raise Malformed("json", f"{text}, which is not JSON")


def _depth(raw: bytes) -> int:
    """Return the deepest nesting of brackets outside strings, or a bound of it that is within DEPTH_LIMIT.

    Without recursion, and before anything recurses.
    """
    if (brackets := raw.count(b"{") + raw.count(b"[")) <= DEPTH_LIMIT:
        return brackets  # whichever of them stand in strings
    depth = deepest = 0
    for bracket in _STRING.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


# Made once: json.loads makes one at each call that has hooks.
_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_float=_finite, parse_constant=_no_constant)
