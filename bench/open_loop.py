"""An open loop: conversations begin when their moment comes, whether the server keeps up or not.

What an answer took is counted from the moment at which its conversation was to begin, so that a server that stands
still is not spared those who would have come meanwhile.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from http_messages import BadAnswer, read
from load import PATIENCE_SECONDS, Conversation


@dataclass
class Arrived:
    """Seconds of each whole conversation, those refused with 503, those whose connection broke, and how many began.

    `late` is how much later than it was to begin each began: the load's own fault, and part of its seconds.
    """

    seconds: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: int = 0
    broken: int = 0
    began: int = 0


@dataclass
class _Line:
    sock: socket.socket
    conversation: Conversation[Any] | None = None
    since: float = 0.0
    received: bytes = b""


class OpenLoop:
    """Poisson arrivals at a port of this machine; a new connection is opened where all others are in use."""

    def __init__(self, port: int, begin: Callable[[], Conversation[Any]]) -> None:
        self._port = port
        self._begin = begin
        self._idle: list[_Line] = []
        self._selector = selectors.DefaultSelector()
        self._open = 0

    def run(self, rate: float, seconds: float, seed: int) -> Arrived:
        """Let conversations begin at that rate for so long, and wait for the last of them. Raises BadAnswer."""
        found, chance = Arrived(), Random(seed)
        start = time.perf_counter()
        due = start + chance.expovariate(rate)
        while due < start + seconds or self._open:
            now = time.perf_counter()
            if due < start + seconds and now >= due:
                found.began += 1
                found.late.append(now - due)
                self._arrive(due)
                due += chance.expovariate(rate)
                continue
            wait = due - now if due < start + seconds else PATIENCE_SECONDS
            ready = self._selector.select(max(0.0, wait))
            if not ready and wait >= PATIENCE_SECONDS:
                raise BadAnswer("The server did not answer in time.")
            for key, _ in ready:
                self._go_on(key.data, found)
        for line in self._idle:
            self._selector.unregister(line.sock)
            line.sock.close()
        self._idle.clear()
        return found

    def _arrive(self, since: float) -> None:
        line = self._idle.pop() if self._idle else self._connected()
        line.conversation, line.since, line.received = self._begin(), since, b""
        self._open += 1
        line.sock.sendall(next(line.conversation).raw)

    def _connected(self) -> _Line:
        sock = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(sock)
        self._selector.register(sock, selectors.EVENT_READ, line)
        return line

    def _go_on(self, line: _Line, found: Arrived) -> None:
        try:
            chunk = line.sock.recv(65536)
        except ConnectionResetError:
            chunk = b""
        line.received += chunk
        answer = read(line.received)
        if line.conversation is None:
            # The server closes what has been idle for long, or more than it has room for.
            self._drop(line)
            self._idle.remove(line)
            return
        if answer is None and not chunk:
            found.broken += 1
            self._open -= 1
            self._drop(line)
            return
        if answer is None:
            return
        line.received = b""
        if answer[0].status == 503:
            found.refused += 1
            self._drop(line)
            self._open -= 1
            return
        try:
            line.sock.sendall(line.conversation.send(answer[0]).raw)
        except StopIteration:
            found.seconds.append(time.perf_counter() - line.since)
            line.conversation = None
            self._open -= 1
            self._idle.append(line)

    def _drop(self, line: _Line) -> None:
        self._selector.unregister(line.sock)
        line.sock.close()
