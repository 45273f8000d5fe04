"""Raw connections to a service on loopback, for clients that are slower, larger or more than they should be."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

WAIT_SECONDS = 30.0
PIECE_SECONDS = 0.1


def connect(address: str) -> socket.socket:
    """Return a connection to the service at that address, by its port."""
    return socket.create_connection(("127.0.0.1", urlsplit(address).port or 80), WAIT_SECONDS)


def head(address: str, path: str, method: str = "GET", **headers: str) -> bytes:
    """Return a request's head; names of headers with `_` for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(address).netloc}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side closes, however it does; fails if it does not."""
    found = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            found += piece
    return bytes(found)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer: its status, its headers in small letters, its body; status 0 if the connection was closed."""
    found = bytearray()
    while b"\r\n\r\n" not in found:
        piece = b""
        with suppress(ConnectionError):
            piece = connection.recv(65_536)
        if not piece:
            return 0, {}, bytes(found)
        found += piece
    above, _, body = bytes(found).partition(b"\r\n\r\n")
    first, *lines = above.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    return int(first.split()[1]), headers, body


def drip(connection: socket.socket, data: bytes, seconds: float) -> float:
    """Send `data` byte by byte for at most `seconds`; return after how many the other side closed, or inf."""
    started = time.monotonic()
    for place in range(len(data)):
        if time.monotonic() - started > seconds:
            break
        try:
            connection.sendall(data[place : place + 1])
        except ConnectionError:
            return time.monotonic() - started
        time.sleep(PIECE_SECONDS)
    return float("inf")
