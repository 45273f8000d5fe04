"""A real Chromium for the tour and the tests: the system's where there is one, else Playwright's own."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing of the browser's own may leave this machine, or what is seen would depend on somebody else's network.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-proxy-server",
)
DESK = (1280, 900)
PHONE = (390, 844)
TIMEOUT_MS = 15_000


def system_chromium() -> str | None:
    """Return the path of the system's Chromium, or None; CHROMIUM names one that is elsewhere."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for path in map(shutil.which, NAMES) if path), None)


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window; root has to do without its sandbox. Raises playwright.sync_api.Error."""
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=system_chromium(), args=arguments)


def new_context(browser: Browser, language: str, *, phone: bool, scripts: bool = True) -> BrowserContext:
    """Open a profile that knows nobody, at a desk's or a phone's width, on China Standard Time."""
    width, height = PHONE if phone else DESK
    context = browser.new_context(
        locale=language,
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(TIMEOUT_MS)
    return context


def watch_policy(context: BrowserContext) -> list[str]:
    """Return a list that fills with what Chromium says about violations of a Content-Security-Policy."""
    violations: list[str] = []
    context.on(
        "console",
        lambda message: violations.append(message.text) if "Content Security Policy" in message.text else None,
    )
    return violations
