"""A browser of a person who logs in: pages, forms and cookies, as a conversation that any load can carry."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from client_kinds import ClientKind, Code, Metadata
from http_messages import Answer, BadAnswer, Message, get, post
from load import Conversation

MOST_HOPS = 10
# The password of all of the demonstration's people.
PASSWORD = "manyou-demo"


@dataclass(frozen=True)
class LoggedIn:
    """The browser's cookies as one header, and the code that the client asked for."""

    cookies: str
    code: Code


@dataclass
class _Jar:
    """Cookies by name and path; all are of one host, and none is given up by its date."""

    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, answer: Answer) -> None:
        for line in answer.cookies:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            paths = [one[5:] for one in attributes if one.lower().startswith("path=")]
            self.kept[name, paths[0] if paths else "/"] = value

    def of(self, path: str) -> str:
        return "; ".join(f"{name}={value}" for (name, at), value in self.kept.items() if value and path.startswith(at))

    def everywhere(self) -> str:
        """Return those of all paths: what is of one path is of a log-in that is over."""
        return "; ".join(f"{name}={value}" for (name, at), value in self.kept.items() if value and at == "/")


def log_in(kind: ClientKind, metadata: Metadata, username: str, password: str = PASSWORD) -> Conversation[LoggedIn]:
    """Ask for a code in a new browser and log in by whatever pages the provider shows. Raises BadAnswer."""
    jar = _Jar()
    conversation = kind.code(metadata, "")
    message = next(conversation)
    while message.endpoint != "/authorize":
        message = conversation.send((yield message))
    url = message.url
    answer = None
    for _ in range(MOST_HOPS):
        answer = yield _asked(jar, url)
        jar.take(answer)
        if answer.status not in (302, 303):
            answer = yield _filled_in(jar, url, answer, {"username": username, "password": password})
            jar.take(answer)
        url = urljoin(url, answer.headers.get("location", ""))
        if url.startswith(kind.redirect_uri):
            try:
                conversation.send(answer)
            except StopIteration as end:
                return LoggedIn(jar.everywhere(), end.value)
    raise BadAnswer(f"{username} could not log in; the last answer was {answer.status if answer else '-'} at {url}")


def _asked(jar: _Jar, url: str) -> Message:
    path = urlsplit(url).path
    cookies = jar.of(path)
    return get(path, url, (("Cookie", cookies),) if cookies else ())


def _filled_in(jar: _Jar, url: str, page: Answer, fields: Mapping[str, str]) -> Message:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.body.decode("utf-8"))
    hidden = {name: html.unescape(value) for name, value in found}
    cookies = (("Cookie", jar.of("/login")),)
    return post("POST /login", urljoin(url, "/login"), {**hidden, **fields}, cookies)
