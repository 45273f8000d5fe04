"""TLS as the region speaks it: 1.3, or 1.2 with ECDHE and AES-GCM alone (FAPI 2.0 Security Profile 5.2.2, RFC 9325).

Where no certificate is given, a small authority of this machine makes one; whoever is to trust the region is given the
authority's certificate, which is public, and never its key.
"""

from __future__ import annotations

import fcntl
import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TLS_1_2_CIPHERS = "ECDHE+AESGCM"
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 397
RENEW_DAYS = 30


@dataclass(frozen=True)
class Certificate:
    """Where a server's certificate (with its chain) and its private key are, both in PEM."""

    chain: Path
    key: Path


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """Return the context of a server. Raises OSError and ssl.SSLError where the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_CIPHERS)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def client_context(trust: Path | None) -> ssl.SSLContext:
    """Return the context of a client that trusts the authorities in the PEM file `trust`, or the system's."""
    context = ssl.create_default_context(cafile=trust)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_CIPHERS)
    return context


class TlsSettings(Protocol):
    """What services are told about TLS; the settings of provider and portals have it."""

    @property
    def tls(self) -> bool:
        """Whether this service speaks TLS itself."""
        ...

    @property
    def tls_certificate(self) -> Path | None:
        """The server's certificate and chain; without one a local authority makes one."""
        ...

    @property
    def tls_key(self) -> Path | None:
        """The certificate's private key."""
        ...

    @property
    def trust(self) -> Path | None:
        """The authorities that are trusted in calls to other services."""
        ...

    @property
    def var(self) -> Path:
        """The folder of state."""
        ...


def check(settings: TlsSettings, issuer: str) -> None:
    """Raise ValueError with a sentence where what is said about TLS does not fit together."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ValueError("MANYOU_TLS_CERTIFICATE and MANYOU_TLS_KEY are set together or not at all")
    if settings.tls and not issuer.startswith("https:"):
        raise ValueError("with MANYOU_TLS the issuer begins with https://")


def authority(settings: TlsSettings) -> LocalAuthority:
    """Return the local authority of a state folder."""
    return LocalAuthority(settings.var / "tls")


def serving(settings: TlsSettings, hosts: Sequence[str]) -> ssl.SSLContext | None:
    """Return how a service reached as one of `hosts` speaks TLS; None where it does not.

    Raises OSError and ssl.SSLError where the certificate or key cannot be used.
    """
    if not settings.tls:
        return None
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return server_context(Certificate(settings.tls_certificate, settings.tls_key))
    return server_context(authority(settings).certificate_for(hosts))


def calling(settings: TlsSettings) -> ssl.SSLContext:
    """Return whom a service trusts in its calls: `trust`, else the local authority where it made the certificates."""
    if settings.trust is None and settings.tls and settings.tls_certificate is None:
        local = authority(settings)
        local.prepare()
        return client_context(local.certificate)
    return client_context(settings.trust)


class LocalAuthority:
    """A small certificate authority in a folder: `authority.pem` to hand out, its key (mode 0600) to keep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "authority.pem"
        self._key = folder / "authority-key.pem"

    def certificate_for(
        self, hosts: Sequence[str], now: datetime | None = None, *, folder: Path | None = None
    ) -> Certificate:
        """Return a certificate for these host names and addresses, made anew where there is none that will do.

        It is kept in `folder`, the authority's own unless said. Several processes may ask at once; they wait for each
        other.
        """
        now = now or datetime.now(UTC)
        kept = folder or self._folder
        made = Certificate(kept / "server.pem", kept / "server-key.pem")
        with self._alone():
            if not self.certificate.exists():
                self._make_authority(now)
            known = self._known(made, now)
            if not known >= set(hosts):
                # Whoever asked before keeps a certificate that names them too.
                self._issue(made, sorted(known | set(hosts)), now)
        return made

    def prepare(self, now: datetime | None = None) -> None:
        """Make the authority where there is none yet."""
        with self._alone():
            if not self.certificate.exists():
                self._make_authority(now or datetime.now(UTC))

    def _known(self, made: Certificate, now: datetime) -> set[str]:
        if not made.chain.exists() or not made.key.exists():
            return set()
        certificate = x509.load_pem_x509_certificate(made.chain.read_bytes())
        if certificate.not_valid_after_utc - now <= timedelta(days=RENEW_DAYS):
            return set()
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return {*named.get_values_for_type(x509.DNSName), *map(str, named.get_values_for_type(x509.IPAddress))}

    def _make_authority(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Manyou demonstration authority")])
        certificate = (
            _builder(name, name, key.public_key(), now, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write_key(self._key, key)
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _issue(self, made: Certificate, hosts: Sequence[str], now: datetime) -> None:
        authority = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signer = serialization.load_pem_private_key(self._key.read_bytes(), password=None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        certificate = (
            _builder(name, authority.subject, key.public_key(), now, CERTIFICATE_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        _write_key(made.key, key)
        made.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Clocks differ: a certificate of this very second would be of the future for some.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
