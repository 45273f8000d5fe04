"""Runs inside a container: whom it has to reach answers, and no other address does.

Arguments: the container's name, every address:port that must answer, `--`, then every one that must not.
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


def main(name: str, expected: list[str], others: list[str]) -> int:
    """Print what was found and return the exit code."""
    # Without these, a container without any network would pass.
    for address in expected:
        if not answers(address):
            print(f"{name} cannot reach {address}")
            return 1
    reached = [address for address in others if answers(address)]
    if reached or not others or not expected:
        print(f"{name} can reach {', '.join(reached) or 'nobody was tried'}")
        return 1
    print(f"{name}: reaches {', '.join(expected)}, and none of {len(others)} addresses of others")
    return 0


if __name__ == "__main__":
    split = sys.argv.index("--")
    sys.exit(main(sys.argv[1], sys.argv[2:split], sys.argv[split + 1 :]))
