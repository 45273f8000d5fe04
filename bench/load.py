"""Keep-alive connections that carry conversations, each answer read whole and its time taken.

A closed loop: each connection carries one conversation after another, as fast as it is answered (open_load.py: at given
times).
"""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from http_messages import Answer, BadAnswer, Message, read

Result = TypeVar("Result")
Conversation = Generator[Message, Answer, Result]
"""Yields requests, is sent their answers, and returns what came of it; raises BadAnswer."""
Waits = dict[str, list[float]]
"""For how long each answer was waited for, in seconds, by endpoint."""

PATIENCE_SECONDS = 30.0


@dataclass
class Outcome(Generic[Result]):
    """What the conversations returned, how long they took together, and each answer, by endpoint; all in seconds.

    `errors` tell what went wrong in the conversations that came to nothing, where that is allowed.
    """

    results: list[Result] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    waits: Waits = field(default_factory=lambda: defaultdict(list))


class Line:
    """A connection to each of several servers, and the conversation that goes on over them: each request to any."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) for port in ports]
        for sock in self._sockets:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._asked = self._sockets[0]
        self._received = b""

    def close(self) -> None:
        """Close the connections."""
        for sock in self._sockets:
            sock.close()

    def greet(self, message: Message) -> None:
        """Send a message on each connection and read the answer, so that all are accepted and awake."""
        for sock in self._sockets:
            sock.sendall(message.raw)
            received = b""
            while read(received) is None:
                received += _received(sock)

    def watched_by(self, selector: selectors.BaseSelector) -> None:
        """Have a selector tell when something comes in; its key's data is this line."""
        for sock in self._sockets:
            selector.register(sock, selectors.EVENT_READ, self)

    def left_by(self, selector: selectors.BaseSelector) -> None:
        """Have it tell no more."""
        for sock in self._sockets:
            selector.unregister(sock)

    def begin(self, conversation: Conversation[Any]) -> None:
        """Send the conversation's first request."""
        self._conversation = conversation
        self._say(next(conversation))

    def go_on(self, sock: object, waits: Waits) -> StopIteration | None:
        """Take what has come in on a connection; what the conversation ends with, once it does.

        Raises BadAnswer, after which another conversation may begin, and ServerLeft.
        """
        if sock is not self._asked:
            raise ServerLeft
        self._received += _received(self._asked)
        found = read(self._received)
        if found is None:
            return None
        answer, whole = found
        waits[self._endpoint].append(time.perf_counter() - self._sent_at)
        self._received = self._received[whole:]
        try:
            self._say(self._conversation.send(answer))
        except StopIteration as end:
            return end
        return None

    def _say(self, message: Message) -> None:
        if len(self._sockets) > 1:
            self._asked = random.choice(self._sockets)
        self._endpoint = message.endpoint
        self._sent_at = time.perf_counter()
        self._asked.sendall(message.raw)


class ServerLeft(Exception):
    """The server closed a connection."""


class Load:
    """`connections` to each of the ports of this machine; a context manager that closes them."""

    def __init__(self, ports: Sequence[int], connections: int) -> None:
        self._lines = [Line(ports) for _ in range(connections)]

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        for line in self._lines:
            line.close()

    def greet(self, message: Message) -> None:
        """Send a message on each connection and read the answer, so that all are accepted and awake."""
        for line in self._lines:
            line.greet(message)

    def run(
        self, begin: Callable[[], Conversation[Result]], count: int, *, errors_allowed: bool = False
    ) -> Outcome[Result]:
        """Hold `count` conversations, as many at a time as there are connections. Raises BadAnswer unless allowed."""
        outcome: Outcome[Result] = Outcome()
        waiting = min(count, len(self._lines))
        left = count - waiting
        began = time.perf_counter()
        with selectors.DefaultSelector() as selector:
            for line in self._lines[:waiting]:
                line.watched_by(selector)
                line.begin(begin())
            while selector.get_map():
                ready = selector.select(PATIENCE_SECONDS)
                if not ready:
                    raise BadAnswer("The server did not answer in time.")
                for key, _ in ready:
                    if not _ended(key, outcome, errors_allowed):
                        continue
                    if left:
                        left -= 1
                        key.data.begin(begin())
                    else:
                        key.data.left_by(selector)
        outcome.seconds = time.perf_counter() - began
        return outcome


def _ended(key: selectors.SelectorKey, outcome: Outcome[Any], errors_allowed: bool) -> bool:
    try:
        end = key.data.go_on(key.fileobj, outcome.waits)
    except BadAnswer as error:
        if not errors_allowed:
            raise
        outcome.errors.append(str(error))
        return True
    if end is not None:
        outcome.results.append(end.value)
    return end is not None


def _received(sock: socket.socket) -> bytes:
    chunk = sock.recv(65536)
    if not chunk:
        raise ServerLeft
    return chunk
