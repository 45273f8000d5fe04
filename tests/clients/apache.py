"""Debian's Apache with mod_auth_openidc as a portal: a program of its own with a configuration written for it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients import apache_setup
from tests.journeys.eventually import eventually
from tests.portal_client import Registration
from web.tls import LocalAuthority

SECONDS = 20.0
NOBODY = 65534
"""Who Apache becomes where root starts it: it serves nothing as root."""

CONFIGURATION = """
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
Mutex "file:{folder}" default
ErrorLog "{folder}/error.log"
LogLevel warn auth_openidc:info
ServerName {host}
Listen 127.0.0.1:{port} https
User "#{user}"
Group "#{user}"
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
{modules}
TypesConfig /dev/null
AddDefaultCharset utf-8
DocumentRoot "{folder}/pages"

SSLEngine on
SSLCertificateFile "{certificate}"
SSLCertificateKeyFile "{key}"

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCCABundlePath "{folder}/authority.pem"
OIDCClientID {client_id}
OIDCPrivateKeyFiles "{kid}#{folder}/client-key.pem"
OIDCPublicKeyFiles "{kid}#{folder}/client-public.pem"
OIDCProviderTokenEndpointAuth private_key_jwt
OIDCPKCEMethod S256
OIDCScope "openid profile real_name"
OIDCRedirectURI {address}/callback
OIDCDefaultURL {address}/me.shtml
OIDCCryptoPassphrase "{passphrase}"
OIDCIDTokenSignedResponseAlg ES256
OIDCPassClaimsAs environment
OIDCRemoteUserClaim sub

<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /bye.html>
  AuthType none
  Require all granted
</Location>
<Directory "{folder}/pages">
  Options +Includes
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
</Directory>
"""

LOADED = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "mime",
    "filter",
    "include",
    "ssl",
    "auth_openidc",
)

PAGE = """<!doctype html><html lang="zh-CN"><head><title>Apache</title></head><body>
<p id="person-name"><!--#echo var="OIDC_CLAIM_real_name" --></p>
<p id="subject"><!--#echo var="REMOTE_USER" --></p>
<p id="issuer"><!--#echo var="OIDC_CLAIM_iss" --></p>
</body></html>
"""


class Apache:
    """A running Apache all of whose pages are for people that the provider knows; a context manager."""

    def __init__(self, registration: Registration, address: str, issuer: str, authority: LocalAuthority) -> None:
        self.address = address
        host, _, port = address.removeprefix("https://").partition(":")
        self._port = int(port)
        # Not below the test's own folder, which nobody else may enter.
        self._place = tempfile.TemporaryDirectory(prefix="manyou-apache-")
        self._folder = Path(self._place.name)
        self._folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        self._installed = apache_setup.found()
        certificate = authority.certificate_for([host])
        self._write("authority.pem", authority.certificate.read_bytes())
        self._write("client-key.pem", registration.key.as_pem(private=True))
        self._write("client-public.pem", registration.key.as_pem(private=False))
        self._write("pages/me.shtml", PAGE.encode())
        self._write("pages/bye.html", b"bye")
        self._write(
            "apache.conf",
            CONFIGURATION.format(
                folder=self._folder,
                host=host,
                port=port,
                user=NOBODY,
                modules="\n".join(
                    f"LoadModule {name}_module {self._installed.modules}/mod_{name}.so" for name in LOADED
                ),
                certificate=certificate.chain,
                key=certificate.key,
                issuer=issuer,
                client_id=registration.client_id,
                kid=registration.key.kid,
                address=address,
                passphrase=secrets.token_urlsafe(24),
            ).encode(),
        )

    def __enter__(self) -> Self:
        """Start, and wait until it serves."""
        self._running = subprocess.Popen(
            [self._installed.program, "-D", "FOREGROUND", "-f", self._folder / "apache.conf"],
            env={**os.environ, **self._installed.environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        eventually(lambda: self._running.poll() is not None or self._serves(), seconds=SECONDS)
        if self._running.poll() is not None or not self._serves():
            log = self.log
            self.__exit__(None, None, None)
            raise AssertionError(f"Apache did not start: {self._said}{log}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and its children, and forget everything."""
        self._running.terminate()
        _, self._said = self._running.communicate(timeout=SECONDS)
        self._place.cleanup()

    @property
    def log(self) -> str:
        """What Apache and its module have said so far."""
        path = self._folder / "error.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def _serves(self) -> bool:
        # Its sockets listen before the rest of the configuration has been tried; the file is written afterwards.
        with socket.socket() as probe:
            return (self._folder / "apache.pid").exists() and probe.connect_ex(("127.0.0.1", self._port)) == 0
