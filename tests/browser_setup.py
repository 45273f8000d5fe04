"""Makes sure that there is a Chromium for the browser tests, and a Chinese font for it; `make test` runs it first.

The system's Chromium is used where there is one; else Playwright's own download; else, as root, the system's package
manager. Where none of them helps, one sentence says so and the exit code is 1: browser tests are never left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab.chromium import system_chromium


def downloaded_chromium() -> str | None:
    """Return the path of the Chromium that Playwright has downloaded, or None."""
    # Only here: this file also runs where nothing but the lookup by name is wanted.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def has_chinese_font() -> bool:
    """Tell whether the system has a font with Chinese characters; True where fontconfig is not there to be asked."""
    if shutil.which("fc-list") is None:
        return True
    fonts = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def install_with_playwright() -> bool:
    """Let Playwright download its Chromium; tell whether that worked."""
    print("No Chromium on this system; asking Playwright for its own.", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, check=False, timeout=600
    )
    return done.returncode == 0 and downloaded_chromium() is not None


def install_with_apt(*packages: str) -> bool:
    """Install `packages` with apt-get, which takes root; tell whether that worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"Installing {' '.join(packages)} with apt-get.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "--no-install-recommends", "-y"]):
        full = [*command, *packages] if "install" in command else command
        if subprocess.run(full, env=environment, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    return True


def main() -> int:
    """Make a browser and a font available; return the exit code."""
    if system_chromium() is None and downloaded_chromium() is None:
        installed = install_with_playwright() or install_with_apt("chromium")
        if not installed:
            print(
                "The browser tests need Chromium: install it (Debian: apt-get install chromium) "
                "or name one in CHROMIUM.",
                file=sys.stderr,
            )
            return 1
    if not has_chinese_font() and not install_with_apt("fonts-noto-cjk"):
        print(
            "The browser tests need a font with Chinese characters (Debian: apt-get install fonts-noto-cjk).",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
