"""What came in: query strings and urlencoded bodies, read strictly, as OAuth asks (RFC 6749 3.1, 3.2, Appendix B)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"
QUERY_LIMIT = 16 * 1024
BODY_LIMIT = 64 * 1024
MOST_FIELDS = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""All but tab and the two of a line break."""


class BadForm(ValueError):
    """Parameters that cannot be read at all; `status` is 400, 413 or 415, `reason` is one ASCII sentence."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request, in the order in which they came; empty values count as not sent (RFC 6749 3.1)."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return the first value of `name`, or None."""
        return self._first.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of `name`; only `resource` may have more than one (RFC 8707 2)."""
        return tuple(value for key, value in self.pairs if key == name)

    def repeated(self) -> frozenset[str]:
        """Return the names that came more than once."""
        if len(self._first) == len(self.pairs):
            return frozenset()
        seen: set[str] = set()
        again = {key for key, _ in self.pairs if key in seen or seen.add(key)}  # type: ignore[func-returns-value]
        return frozenset(again)

    # Asked some thirty times a request.
    @cached_property
    def _first(self) -> dict[str, str]:
        return dict(reversed(self.pairs))


def parse(raw: bytes) -> Parameters:
    """Read `name=value&...`. Raises BadForm on anything but UTF-8 and on control characters."""
    try:
        fields = raw.decode("ascii").split("&")
        if len(fields) > MOST_FIELDS:
            raise BadForm("There are too many parameters.")
        pairs = tuple([_pair(field) for field in fields if field])
    except UnicodeDecodeError as error:
        raise BadForm("The parameters are not UTF-8 in percent-encoding.") from error
    every = "".join([one for pair in pairs for one in pair])
    # Nearly always all of it is between " " and "~", which is told sooner.
    if not (every.isascii() and every.isprintable()) and _CONTROL.search(every):
        raise BadForm("A parameter holds a control character.")
    return Parameters(tuple([pair for pair in pairs if pair[1]]))


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    # Most have nothing to decode; parse_qsl calls for each, and takes more than twice as long for a request.
    return (_decoded(name), _decoded(value)) if "%" in field or "+" in field else (name, value)


def _decoded(text: str) -> str:
    plain = text.replace("+", " ")
    return unquote_to_bytes(plain).decode("utf-8") if "%" in plain else plain


def query_parameters(request: Request) -> Parameters:
    """Read the query string. Raises BadForm; 414 is not used, since the reason is worth a page."""
    raw: bytes = request.scope.get("query_string", b"")
    if len(raw) > QUERY_LIMIT:
        raise BadForm("The query string is too long.")
    return parse(raw)


async def form_parameters(request: Request) -> Parameters:
    """Read an application/x-www-form-urlencoded body of at most BODY_LIMIT bytes. Raises BadForm."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != FORM:
        raise BadForm(f"The body must be {FORM}.", 415)
    return parse(await body(request, BODY_LIMIT))


async def body(request: Request, limit: int) -> bytes:
    """Read a body of at most `limit` bytes. Raises BadForm."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BadForm("The body is too large.", 413)
        chunks.append(chunk)
    return b"".join(chunks)
