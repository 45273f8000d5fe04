"""Gets the clients that were not written for us: npm's libraries with a node to run them, and Debian's Apache.

`make test` runs it first. Where something cannot be had, one sentence says so and the exit code is 1: these tests are
never left out.
"""

from __future__ import annotations

import sys

from tests.clients import apache_setup, node_setup


def main() -> int:
    """Make every client available; return the exit code."""
    if node_setup.system_node() is None and node_setup.packaged_node() is None and not node_setup.install_node():
        print("The tests with client libraries of npm need node 20.19 or later with npm: install it.", file=sys.stderr)
        return 1
    if not node_setup.has_modules() and not node_setup.install_modules():
        print(
            "The client libraries could not be installed: npm needs its registry once (npm ci in tests/clients/node).",
            file=sys.stderr,
        )
        return 1
    if not apache_setup.is_here() and not apache_setup.unpack():
        print(
            "The tests with Apache as a portal need it with its OpenID Connect module "
            f"(Debian: apt-get install {' '.join(apache_setup.PACKAGES)}).",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
