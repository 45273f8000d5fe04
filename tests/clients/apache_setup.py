"""Where Debian's Apache with its OpenID Connect module is: on this system, or unpacked into this environment.

Unpacked, it takes no root and changes nothing on the system: nothing of it runs unless a test starts it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("apache2-bin", "libapache2-mod-auth-openidc")
UNPACKED = Path(sys.prefix) / "apache"
SECONDS = 300


@dataclass(frozen=True)
class Installed:
    """An Apache below `root`, which is the system's or that of the unpacked packages."""

    root: Path

    @property
    def program(self) -> Path:
        """The server."""
        return self.root / "usr/sbin/apache2"

    @property
    def modules(self) -> Path:
        """Its modules."""
        return self.root / "usr/lib/apache2/modules"

    @property
    def environment(self) -> dict[str, str]:
        """Where it finds the libraries that came with it."""
        folders = [str(folder) for folder in sorted((self.root / "usr/lib").glob("*-linux-*"))]
        return {} if self.root == Path("/") else {"LD_LIBRARY_PATH": os.pathsep.join(folders)}

    @property
    def whole(self) -> bool:
        """Whether server and module are there."""
        return self.program.exists() and (self.modules / "mod_auth_openidc.so").exists()


def is_here() -> bool:
    """Tell whether there is an Apache with the module."""
    return any(Installed(root).whole for root in (Path("/"), UNPACKED))


def found() -> Installed:
    """Return the system's Apache, or the unpacked one. Raises RuntimeError where there is none."""
    for root in (Path("/"), UNPACKED):
        if Installed(root).whole:
            return Installed(root)
    raise RuntimeError("There is no Apache with mod_auth_openidc here; python -m tests.clients.setup gets one.")


def unpack() -> bool:
    """Unpack the packages, and what they need that this system has not; tell whether that worked."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return False
    print("Unpacking Debian's Apache with its OpenID Connect module.", flush=True)
    missing = _missing()
    if not missing and os.geteuid() == 0:
        # A system in a container often has no list of packages yet.
        _run("apt-get", "-qq", "update")
        missing = _missing()
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir()
    if not missing or _run("apt-get", "-qq", "download", *missing, folder=UNPACKED) is None:
        return False
    for package in UNPACKED.glob("*.deb"):
        if _run("dpkg-deb", "-x", str(package), str(UNPACKED)) is None:
            return False
        package.unlink()
    return is_here()


def _missing() -> list[str]:
    """What apt-get would install; nothing where it does not know the packages."""
    said = _run("apt-get", "--simulate", "--no-install-recommends", "--reinstall", "install", *PACKAGES)
    return re.findall(r"^Inst (\S+) ", said or "", re.MULTILINE)


def _run(*command: str, folder: Path | None = None) -> str | None:
    """Return what the program printed, or None where it failed."""
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    return done.stdout if done.returncode == 0 else None
