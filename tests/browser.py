"""A real Chromium for the tests: the system's where there is one, else Playwright's own; `browser_setup` gets one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.browser_setup import system_chromium

# Nothing of the browser's own may leave this machine, or a test would depend on somebody else's network.
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
TIMEOUT_MS = 15_000
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window; root has to do without its sandbox."""
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=system_chromium(), args=arguments)


@contextmanager
def new_page(browser: Browser, *, language: str = "zh-CN", phone: bool = False, scripts: bool = True) -> Iterator[Page]:
    """Open a page in a profile of its own; a violation of a page's Content-Security-Policy fails the test."""
    context: BrowserContext = browser.new_context(
        locale=language,
        timezone_id="Asia/Shanghai",
        viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    violations: list[str] = []
    context.on(
        "console",
        lambda message: violations.append(message.text) if "Content Security Policy" in message.text else None,
    )
    context.set_default_timeout(TIMEOUT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()
    assert not violations, violations
