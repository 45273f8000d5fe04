"""Runs inside a portal's container: the provider and itself answer, no address of another portal does.

Arguments: the portal's name, its own address:port, then every address:port that must not answer.
"""

from __future__ import annotations

import socket
import sys


def answers(address: str) -> bool:
    """Tell whether a TCP connection to `host:port` can be opened within a second."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def main(name: str, own: str, others: list[str]) -> int:
    """Print what was found and return the exit code."""
    # Without these two, a container without any network would pass.
    for expected in ("idp:8000", "idp.localhost:8000", own):
        if not answers(expected):
            print(f"{name} cannot reach {expected}")
            return 1
    reached = [address for address in others if answers(address)]
    if reached or not others:
        print(f"{name} can reach {', '.join(reached) or 'nobody was tried'}")
        return 1
    print(f"{name}: reaches the provider, and none of {len(others)} addresses of other portals")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
