"""A closed loop of keep-alive connections: each carries one conversation after another, as fast as it is answered."""

from __future__ import annotations

import selectors
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

from http_messages import Answer, BadAnswer, Message, read

Result = TypeVar("Result")
Conversation = Generator[Message, Answer, Result]
"""Yields requests, is sent their answers, and returns what came of it; raises BadAnswer."""

PATIENCE_SECONDS = 30.0


@dataclass
class Outcome(Generic[Result]):
    """What the conversations returned, how long they took together, and each answer, by endpoint; all in seconds."""

    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Load:
    """`connections` to a port of this machine; a context manager that closes them."""

    def __init__(self, port: int, connections: int) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) for _ in range(connections)]
        for sock in self._sockets:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
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

    def run(self, begin: Callable[[], Conversation[Result]], count: int) -> Outcome[Result]:
        """Hold `count` conversations, as many at a time as there are connections."""
        outcome: Outcome[Result] = Outcome()
        waiting = min(count, len(self._sockets))
        left = count - waiting

        def another() -> Conversation[Result] | None:
            nonlocal left
            left -= 1
            return begin() if left >= 0 else None

        began = time.perf_counter()
        with selectors.DefaultSelector() as selector:
            for sock in self._sockets[:waiting]:
                selector.register(sock, selectors.EVENT_READ, _Line(sock, begin(), another, outcome))
            while selector.get_map():
                ready = selector.select(PATIENCE_SECONDS)
                if not ready:
                    raise BadAnswer("The server did not answer in time.")
                for key, _ in ready:
                    line: _Line[Result] = key.data
                    if not line.go_on():
                        selector.unregister(key.fileobj)
        outcome.seconds = time.perf_counter() - began
        return outcome


class _Line(Generic[Result]):
    """One connection with the conversation that it carries now."""

    def __init__(
        self,
        sock: socket.socket,
        conversation: Conversation[Result],
        another: Callable[[], Conversation[Result] | None],
        outcome: Outcome[Result],
    ) -> None:
        self._sock = sock
        self._another = another
        self._outcome = outcome
        self._received = b""
        self._begin(conversation)

    def go_on(self) -> bool:
        """Take what has come in; False once there is nothing more to say."""
        self._received += _received(self._sock)
        found = read(self._received)
        if found is None:
            return True
        answer, whole = found
        self._outcome.waits[self._endpoint].append(time.perf_counter() - self._sent_at)
        self._received = self._received[whole:]
        try:
            self._say(self._conversation.send(answer))
        except StopIteration as end:
            self._outcome.results.append(end.value)
            conversation = self._another()
            if conversation is None:
                return False
            self._begin(conversation)
        return True

    def _begin(self, conversation: Conversation[Result]) -> None:
        self._conversation = conversation
        self._say(next(conversation))

    def _say(self, message: Message) -> None:
        self._endpoint = message.endpoint
        self._sent_at = time.perf_counter()
        self._sock.sendall(message.raw)


def _received(sock: socket.socket) -> bytes:
    chunk = sock.recv(65536)
    if not chunk:
        raise BadAnswer("The server closed a connection.")
    return chunk
