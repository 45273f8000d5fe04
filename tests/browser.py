"""A real Chromium for the tests, started as the tour starts it; `browser_setup` gets one where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from lab.chromium import DESK, PHONE, TIMEOUT_MS, launch, new_context, watch_policy

__all__ = ["DESK", "PHONE", "TIMEOUT_MS", "launch", "new_page"]


@contextmanager
def new_page(browser: Browser, *, language: str = "zh-CN", phone: bool = False, scripts: bool = True) -> Iterator[Page]:
    """Open a page in a profile of its own; a violation of a page's Content-Security-Policy fails the test."""
    context = new_context(browser, language, phone=phone, scripts=scripts)
    violations = watch_policy(context)
    try:
        yield context.new_page()
    finally:
        context.close()
    assert not violations, violations
