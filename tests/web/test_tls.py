"""TLS: 1.3, or 1.2 with ECDHE and AES-GCM alone, under a certificate that is given or made here."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import idp.settings
import portals.settings
from tests.conftest import RegionFactory
from web.connect import DEFAULT_MAP, ConnectMap, MappedSyncTransport
from web.tls import CERTIFICATE_DAYS, LocalAuthority, client_context, server_context

HOSTS = ("idp.localhost", "beijing.localhost", "127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority(tmp_path / "tls")


@pytest.fixture
def port(authority: LocalAuthority) -> Iterator[int]:
    """A server that shakes hands and says nothing."""
    context = server_context(authority.certificate_for(HOSTS))
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as spoken:
                    spoken.recv(1)
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def shake_hands(port: int, context: ssl.SSLContext, host: str = "idp.localhost") -> tuple[str, str]:
    """Return version and cipher that the two agree on. Raises ssl.SSLError."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as connection,
        context.wrap_socket(connection, server_hostname=host) as spoken,
    ):
        cipher = spoken.cipher()
        return str(spoken.version()), cipher[0] if cipher else ""


def test_it_is_tls_1_3_among_equals(port: int, authority: LocalAuthority) -> None:
    assert shake_hands(port, client_context(authority.certificate))[0] == "TLSv1.3"


def test_tls_1_2_has_ecdhe_and_aes_gcm_alone_fapi_2_5_2_2(port: int, authority: LocalAuthority) -> None:
    context = client_context(authority.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher = shake_hands(port, context)
    assert version == "TLSv1.2"
    assert re.fullmatch(r"ECDHE-ECDSA-AES(128|256)-GCM-SHA(256|384)", cipher)
    context.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(port, context)


def test_nothing_older_is_spoken(port: int, authority: LocalAuthority) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(port, context)


def test_who_does_not_trust_the_authority_does_not_connect(port: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(port, client_context(None))


def test_a_name_that_the_certificate_does_not_have_is_refused(port: int, authority: LocalAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(port, client_context(authority.certificate), "tianjin.localhost")


def test_keys_are_the_owners_alone(authority: LocalAuthority) -> None:
    made = authority.certificate_for(HOSTS)
    for key in (made.key, made.key.with_name("authority-key.pem")):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_certificate_is_made_once_and_again_before_it_ends(authority: LocalAuthority) -> None:
    first = authority.certificate_for(HOSTS).chain.read_bytes()
    root = authority.certificate.read_bytes()
    assert authority.certificate_for(HOSTS[:1]).chain.read_bytes() == first
    late = datetime.now(UTC) + timedelta(days=CERTIFICATE_DAYS - 20)
    assert authority.certificate_for(HOSTS, late).chain.read_bytes() != first
    assert authority.certificate.read_bytes() == root


def test_a_new_host_takes_no_name_from_those_before(authority: LocalAuthority) -> None:
    authority.certificate_for(HOSTS[:1])
    made = authority.certificate_for(HOSTS[1:2])
    assert authority.certificate_for(HOSTS[:2]).chain.read_bytes() == made.chain.read_bytes()


def test_services_that_start_together_share_one_authority(authority: LocalAuthority) -> None:
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda host: authority.certificate_for([host]), [f"p{number}.localhost" for number in range(5)]))
    made = authority.certificate_for(["p0.localhost"])
    server_context(made)
    everybody = [f"p{number}.localhost" for number in range(5)]
    assert authority.certificate_for(everybody).chain.read_bytes() == made.chain.read_bytes()


@pytest.mark.parametrize("settings", [idp.settings.Settings, portals.settings.Settings])
def test_settings_that_do_not_fit_together_are_refused(
    settings: type[idp.settings.Settings | portals.settings.Settings],
) -> None:
    with pytest.raises(ValueError, match="set together"):
        settings(tls=True, tls_key=Path("key.pem"))
    with pytest.raises(ValueError, match="https://"):
        settings(tls=True, issuer="http://idp.localhost:8000")


def test_the_whole_region_roams_over_https(make_region: RegionFactory) -> None:
    region = make_region(idp_values={"tls": True}, portal_values={"tls": True})
    assert region.issuer.startswith("https://idp.localhost:")
    trust = client_context(region.var / "tls" / "authority.pem")
    transport = MappedSyncTransport(ConnectMap.parse(DEFAULT_MAP), verify=trust)
    with httpx.Client(transport=transport, follow_redirects=True, trust_env=False, timeout=20) as browser:
        page = browser.get(f"{region.address('beijing')}/login?target_link_uri=/me")
        fields = dict(re.findall(r'name="(csrf|interaction)" value="([^"]*)"', page.text))
        typed = {**fields, "username": "li.beijing", "password": "manyou-demo"}
        assert "李明" in browser.post(f"{region.issuer}/login", data=typed).text
        for name in region.portal_names[1:]:
            assert "李明" in browser.get(f"{region.address(name)}/login?target_link_uri=/me").text
        names = {cookie.name for cookie in browser.cookies.jar}
        assert {"__Host-manyou_session", "__Host-beijing_session"} <= names
        assert all(cookie.secure for cookie in browser.cookies.jar if cookie.name.startswith("__Host-"))
        metadata = browser.get(f"{region.issuer}/.well-known/openid-configuration").json()
        assert all(str(metadata[name]).startswith("https:") for name in metadata if name.endswith("_endpoint"))
        page = browser.get(f"{region.address('beijing')}/logout")
        [csrf] = re.findall(r'name="csrf" value="([^"]*)"', page.text)
        browser.post(f"{region.address('beijing')}/logout", data={"csrf": csrf})
        for name in region.portal_names:
            assert browser.get(f"{region.address(name)}/me", follow_redirects=False).status_code == 303
