"""When two http URIs name the same resource (RFC 3986 6.2.2 and 6.2.3, RFC 9110 4.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

# RFC 3986 3, with the host as DNS and IPv6 write it; without user information, which RFC 9110 4.2.4 wants refused.
_URI = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>(?:/[a-z0-9._~!$&'()*+,;=:@%/-]*)?)(?:\?[a-z0-9._~!$&'()*+,;=:@%/?-]*)?(?:#[a-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII | re.IGNORECASE,
)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": 80, "https": 443}


class Resource(NamedTuple):
    """What a URI says beside query and fragment, in its one spelling."""

    scheme: str
    host: str
    port: int
    path: str


def resource(uri: str) -> Resource | None:
    """Return what `uri` names, its query and fragment left out; None when it is no http or https URI."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    scheme, path = found["scheme"].lower(), found["path"]
    if "%" in path:
        if any(escape[1] is None for escape in _ESCAPE.finditer(path)):
            return None
        path = _ESCAPE.sub(_respelled, path)
    if "/." in path:
        path = _without_dots(path)
    # A missing port and an empty one are the scheme's own, an empty path is "/" (RFC 3986 6.2.3).
    return Resource(scheme, found["host"].lower(), int(found["port"] or _PORTS[scheme]), path or "/")


def _respelled(escape: re.Match[str]) -> str:
    """RFC 3986 6.2.2.1 and 6.2.2.2: capital digits, and no escape of what needs none."""
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    """RFC 3986 5.2.4: `.` and `..` as a client takes them out before it asks."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
