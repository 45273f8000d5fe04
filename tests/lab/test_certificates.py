"""`manyou certificates`: services that run apart trust one authority, and nobody has another's key."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.rules.tracked import ROOT
from web.tls import Certificate, client_context, server_context

SERVICES = ("idp", "beijing", "hebei", "tianjin", "xiongan")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    assert _run(made).returncode == 0
    return made


def _run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab.cli", "certificates", str(folder)],
        cwd=ROOT, env={**os.environ, "MANYOU_TLS": "true", **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _shake_hands(folder: Path, service: str, host: str) -> None:
    """Meet `service` as `host`, trusting what is in the folder `trust`. Raises ssl.SSLError."""
    context = server_context(Certificate(folder / service / "server.pem", folder / service / "server-key.pem"))
    mine, theirs = socket.socketpair()

    def serve() -> None:
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with mine, client_context(folder / "trust" / "authority.pem").wrap_socket(mine, server_hostname=host):
            pass
    finally:
        thread.join()


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_certificate_for_its_name_alone(folder: Path, service: str) -> None:
    _shake_hands(folder, service, f"{service}.localhost")
    for other in SERVICES:
        if other != service:
            with pytest.raises(ssl.SSLCertVerificationError):
                _shake_hands(folder, service, f"{other}.localhost")


def test_the_authoritys_key_is_in_its_own_folder_alone(folder: Path) -> None:
    assert {path.parent.name for path in folder.rglob("authority-key.pem")} == {"authority"}
    assert {path.name for path in (folder / "trust").iterdir()} == {"authority.pem"}


def test_a_second_run_keeps_what_is_there(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.pem")}
    assert _run(folder).returncode == 0
    assert {path: path.read_bytes() for path in folder.rglob("*.pem")} == before


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    done = _run(tmp_path, MANYOU_ISSUER="idp.localhost")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("MANYOU_ISSUER")
