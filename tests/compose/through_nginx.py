"""Runs inside a portal's container: whatever name it asks nginx for, it never comes to another portal.

Arguments: the portal's name, then the names of all portals.
"""

from __future__ import annotations

import socket
import ssl
import sys

PORTS = {"beijing": 8441, "tianjin": 8442, "hebei": 8443, "xiongan": 8444}


def answer(server_name: str, request: str) -> str:
    """Return the status line and the body's beginning, or why there is none."""
    context = ssl.create_default_context(cafile="/tls/authority.pem")
    context.check_hostname = False
    try:
        with (
            socket.create_connection(("nginx", 8440), 3) as connection,
            context.wrap_socket(connection, server_hostname=server_name) as spoken,
        ):
            spoken.sendall(request.encode())
            received = b""
            while piece := spoken.recv(65536):
                received += piece
    except OSError as error:
        return f"none ({type(error).__name__})"
    return received.decode(errors="replace")


def main(name: str, portals: list[str]) -> int:
    """Print what was found and return the exit code."""
    own = answer("idp.localhost", get("/healthz", "idp.localhost:8440"))
    if "200 OK" not in own:
        print(f"{name}: nginx does not lead to the provider: {own[:80]}")
        return 1
    tried = 0
    for other in portals:
        host, port = f"{other}.localhost", PORTS[other]
        for server_name in (host, "idp.localhost"):
            for request in (
                get("/healthz", f"{host}:{port}"),
                get("/healthz", f"{other}-portal:{port}"),
                get(f"https://{other}-portal:{port}/healthz", "idp.localhost:8440"),
                get(f"https://{host}:{port}/healthz", f"{host}:{port}"),
                f"CONNECT {other}-portal:{port} HTTP/1.1\r\nHost: {other}-portal:{port}\r\nConnection: close\r\n\r\n",
            ):
                tried += 1
                status = answer(server_name, request).split("\r\n", 1)[0]
                if " 200 " in status:
                    print(f"{name}: nginx answered {status} to {server_name}: {request.splitlines()[0]}")
                    return 1
    print(f"{name}: nginx leads to the provider, and to no portal in {tried} attempts")
    return 0


def get(target: str, host: str) -> str:
    """Return a request."""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
