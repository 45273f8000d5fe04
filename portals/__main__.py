"""`python -m portals beijing`: one portal as a service of its own."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from portals.app import create_app
from portals.portal import find, load
from portals.settings import BadSettings, from_environment
from web import logs
from web.addresses import BadPortalFile
from web.serve import CannotListen, Service, bind, run_blocking
from web.tls import serving


def main(arguments: list[str]) -> int:
    """Serve the portal that `arguments` names until a signal; return the exit code, 1 after one clear sentence."""
    if len(arguments) != 1:
        print("Say which portal: python -m portals beijing", file=sys.stderr)
        return 1
    try:
        settings = from_environment()
        portal = load(find(arguments[0], settings), settings)
        tls = serving(settings, [urlsplit(portal.address).hostname or ""])
        sock = bind(settings.bind, portal.port)
    except (BadSettings, OSError, BadPortalFile, CannotListen) as error:
        print(error, file=sys.stderr)
        return 1
    logs.to_stderr()
    service = Service(portal.client_id, create_app(portal, settings), sock, tls, settings.limits)
    return run_blocking(
        [service],
        ready=lambda: print(f"{portal.name['en']}: {portal.address}", flush=True),
        trusted_proxies=settings.trusted_proxies,
        drain_seconds=settings.drain_seconds,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
