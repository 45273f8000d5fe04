"""python -m idp: the provider alone, from the same factory and settings as in the region."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from idp.app import create_app
from idp.settings import BadSettings, load_or_exit
from web import logs, serve
from web.addresses import BadPortalFile
from web.tls import serving


def main() -> int:
    """Serve until told to stop; return the exit code."""
    settings = load_or_exit()
    logs.to_stderr()
    try:
        app = create_app(settings)
        tls = serving(settings, [urlsplit(settings.issuer).hostname or ""])
        sock = serve.bind(settings.bind, settings.port_base)
    except (BadSettings, OSError, BadPortalFile, serve.CannotListen) as error:
        print(error, file=sys.stderr)
        return 1
    return serve.run_blocking(
        [serve.Service("idp", app, sock, tls, settings.limits)],
        trusted_proxies=settings.trusted_proxies,
        drain_seconds=settings.drain_seconds,
    )


if __name__ == "__main__":
    raise SystemExit(main())
