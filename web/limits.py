"""How much one service takes on at once, and how long it waits for whoever is slow: connections, requests, seconds.

What is beyond is refused quickly, so that those who are served are served in bounded time (RFC 9110 15.6.4).
"""

from __future__ import annotations

import asyncio
import functools
import html
import json
import logging
import string
from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.http_protocol import ARRIVED
from web.language import LANGUAGES, Catalogue

RETRY_SECONDS = 2
"""What a refusal says about when to try again."""
MOST_BODY = 64 * 1024 + 1
"""Bytes that are waited for before the application is asked: one more than any form or document here may have."""
MOST_HEADERS = 128

log = logging.getLogger(__name__)

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Limits:
    """The bounds of one service; `seconds` is for a head, for a body, and for an answer to be taken."""

    connections: int = 1000
    requests: int = 200
    seconds: float = 10.0
    idle_seconds: int = 20
    """How long a connection may wait for its next request: longer than our own clients keep one (5 s)."""

    @property
    def handshakes(self) -> int:
        """How many TLS handshakes may be under way, besides the connections: each needs 256 kB."""
        return max(1, self.connections // 4)


@dataclass(frozen=True)
class Refused:
    """An answer that costs next to nothing: JSON for programs, for people a page in both languages, made once.

    `key` names its texts; `code` and `description` are those of RFC 6749 5.2.
    """

    status: int
    key: str
    code: str
    description: str
    retry: bool = False

    def body(self, is_page: bool) -> bytes:
        """Return the page or the JSON."""
        if is_page:
            return _page(self.key)
        return json.dumps({"error": self.code, "error_description": self.description}).encode()

    async def answer(self, scope: Scope, send: Send) -> None:
        """Send it and close the connection."""
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        is_page = b"text/html" in accept
        body = self.body(is_page)
        headers = [
            (b"content-type", b"text/html; charset=utf-8" if is_page else b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        if self.retry:
            headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


BUSY = Refused(
    503,
    "busy",
    "temporarily_unavailable",
    "More requests came at once than are taken; try again in a moment.",
    retry=True,
)
TOO_SLOW = Refused(408, "slow", "invalid_request", "The body of the request did not arrive in time.")
TOO_MANY_HEADERS = Refused(431, "headers", "invalid_request", "The request has too many header fields.")


@functools.cache
def _page(key: str) -> bytes:
    texts = Catalogue(HERE / "locales")
    blanks = {
        f"{part}_{language[:2]}": html.escape(texts.text(language, f"refused.{key}.{part}"))
        for language in LANGUAGES
        for part in ("title", "text")
    }
    template = string.Template((HERE / "templates" / "refused.html").read_text(encoding="utf-8"))
    demonstration = {f"demonstration_{one[:2]}": html.escape(texts.text(one, "web.demonstration")) for one in LANGUAGES}
    return template.substitute(key=key, **blanks, **demonstration).encode()


class Bounded:
    """An application that has so many requests to answer at once; those whose bodies are on their way do not count.

    Whoever sends a body slowly so holds a connection, of which there are many, and no place, of which there are few.
    `refused` is told the status of each refusal.
    """

    def __init__(self, app: ASGIApp, limits: Limits, refused: Callable[[int], None] | None = None) -> None:
        self._app = app
        self._limits = limits
        self._refused = refused
        self._arriving = 0
        self.tasks: Sized = ()
        """The server's own: requests that wait for their turn in the loop count like those that are being answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse with 503, 408 or 431."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["headers"]) > MOST_HEADERS:
            await self._refuse(TOO_MANY_HEADERS, scope, send)
            return
        if scope["method"] not in ("GET", "HEAD") and ARRIVED not in scope:
            self._arriving += 1
            try:
                async with asyncio.timeout(self._limits.seconds):
                    receive = _again(await _whole(receive), receive)
            except TimeoutError:
                await self._refuse(TOO_SLOW, scope, send)
                return
            finally:
                self._arriving -= 1
        if len(self.tasks) - self._arriving > self._limits.requests:
            log.warning("refused for load: %s %s", scope["method"], scope["path"])
            await self._refuse(BUSY, scope, send)
            return
        await self._app(scope, receive, send)

    async def _refuse(self, why: Refused, scope: Scope, send: Send) -> None:
        if self._refused is not None:
            self._refused(why.status)
        await why.answer(scope, send)


async def _whole(receive: Receive) -> Message:
    """Return one message with the whole body, or with its first MOST_BODY bytes, of which the application judges."""
    message = await receive()
    if not message.get("more_body"):
        return message
    body = bytearray(message["body"])
    while message.get("more_body") and len(body) < MOST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
    return {"type": "http.request", "body": bytes(body), "more_body": message.get("more_body", False)}


def _again(first: Message, receive: Receive) -> Callable[[], Awaitable[Message]]:
    given = [first]

    async def next_message() -> Message:
        return given.pop() if given else await receive()

    return next_message
