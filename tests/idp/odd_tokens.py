"""Things that look like tokens: what anybody can send where a JWT is expected, none of them signed by a known key."""

from __future__ import annotations

import base64
import json
from typing import Any

TOO_DEEP = 3000


def segment(value: Any) -> str:
    """Return one segment of a compact JWT: bytes as they are, text as UTF-8, anything else as JSON."""
    raw = (
        value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    )
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(header: Any, payload: Any, signature: bytes = b"signature") -> str:
    """Return a compact JWT of these parts."""
    return ".".join((segment(header), segment(payload), segment(signature)))


def odd_tokens(claims: dict[str, Any], kid: str) -> dict[str, str]:
    """Return odd tokens by what is odd about them; `claims` and `kid` are those of a good one."""
    header = {"alg": "ES256", "typ": "JWT", "kid": kid}
    deep = "[" * TOO_DEEP + "]" * TOO_DEEP
    return {
        "empty segments": "..",
        "one segment": "abc",
        "two segments": "abc.def",
        "four segments": compact(header, claims) + ".more",
        "not base64": "!!!.???.***",
        "not ascii": "令牌.令牌.令牌",
        "header is not JSON": compact(b"\xff\xfe", claims),
        "header is a list": compact(["alg"], claims),
        "header is a text": compact('"alg"', claims),
        "header is null": compact(None, claims),
        "header without alg": compact({"kid": kid}, claims),
        "header is deep": compact('{"alg":"ES256","kid":' + deep + "}", claims),
        "header with NaN": compact('{"alg":NaN}', claims),
        "header twice": compact('{"alg":"none","alg":"ES256"}', claims),
        "alg is a number": compact({**header, "alg": 1}, claims),
        "alg is a list": compact({**header, "alg": ["ES256"]}, claims),
        "alg is null": compact({**header, "alg": None}, claims),
        "alg is none": compact({**header, "alg": "none"}, claims, b""),
        "alg is unknown": compact({**header, "alg": "ES256K"}, claims),
        "kid is a number": compact({**header, "kid": 7}, claims),
        "kid is a list": compact({**header, "kid": [kid]}, claims),
        "kid is an object": compact({**header, "kid": {"kid": kid}}, claims),
        "kid is lone surrogates": compact('{"alg":"ES256","kid":"\\ud800"}', claims),
        "crit": compact({**header, "crit": ["exp"]}, claims),
        "b64 is false": compact({**header, "b64": False, "crit": ["b64"]}, claims),
        "jku": compact({**header, "jku": "http://beta.localhost/jwks"}, claims),
        "zip": compact({**header, "zip": "DEF"}, claims),
        "payload is not JSON": compact(header, b"\xff\xfe"),
        "payload is a list": compact(header, [claims]),
        "payload is deep": compact(header, deep),
        "payload is a number": compact(header, 10**300),
        "payload has a huge number": compact(header, '{"exp":' + "9" * 5000 + "}"),
        "signature is empty": compact(header, claims, b""),
        "signature is wrong": compact(header, claims, b"x" * 64),
        "encrypted": compact({"alg": "dir", "enc": "A256GCM"}, claims) + ".more.more",
        "huge": compact(header, {**claims, "more": "x" * 20_000}),
        "white space": f" {compact(header, claims)}\n",
    }


ODD_NAMES = tuple(odd_tokens({}, ""))
