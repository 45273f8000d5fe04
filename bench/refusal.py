"""What a request costs that is answered at once on a connection of its own: as much as one that is refused for load."""

from __future__ import annotations

import socket

from http_messages import BadAnswer
from server_process import ServerProcess


def refusal_seconds(server: ServerProcess, number: int) -> float:
    """Return the server's CPU seconds for a connection, GET /healthz, and the end of the connection.

    A refusal (web/limits.py) does no more than that: it ends the connection, and whoever comes again opens another.
    """
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    before = server.cpu_ms()
    for _ in range(number):
        with socket.create_connection(("127.0.0.1", server.port), 30) as sock:
            sock.sendall(request)
            received = b""
            while chunk := sock.recv(65536):
                received += chunk
            if b" 200 " not in received[:20]:
                raise BadAnswer(f"/healthz was answered with {received[:100]!r}")
    return (server.cpu_ms() - before) / 1000 / number
