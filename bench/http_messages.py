"""HTTP/1.1 as the load speaks it: whole requests as bytes, and answers with a Content-Length (RFC 9112)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Message:
    """A request, and the name of the endpoint that its times are counted under."""

    endpoint: str
    url: str
    raw: bytes


@dataclass(frozen=True)
class Answer:
    """An answer; the names of its headers are in lower case, and of several with one name the last counts.

    The values of all its Set-Cookie headers are in `cookies`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()

    def json(self) -> dict[str, Any]:
        """Return the body, which is a JSON object."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class BadAnswer(Exception):
    """An answer that is not what the specification, or this load, wants."""


def get(endpoint: str, url: str, headers: Iterable[tuple[str, str]] = ()) -> Message:
    """Return a GET request."""
    return Message(endpoint, url, _head("GET", url, headers))


def post(endpoint: str, url: str, form: Mapping[str, str], headers: Iterable[tuple[str, str]] = ()) -> Message:
    """Return a POST request with an urlencoded body."""
    body = urlencode(form).encode("ascii")
    own = (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body))))
    return Message(endpoint, url, _head("POST", url, (*headers, *own)) + body)


def _head(method: str, url: str, headers: Iterable[tuple[str, str]]) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def read(received: bytes) -> tuple[Answer, int] | None:
    """Return the answer at the beginning of `received` and its length, or None where it is not whole yet."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = dict(pairs)
    if "content-length" not in headers:
        raise BadAnswer(f"An answer without Content-Length: {first}")
    whole = end + 4 + int(headers["content-length"])
    if len(received) < whole:
        return None
    cookies = [value for name, value in pairs if name == "set-cookie"]
    return Answer(int(first.split(" ", 2)[1]), headers, received[end + 4 : whole], cookies), whole
