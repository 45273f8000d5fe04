"""What the stories begin with: people over HTTP, and pages of a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from lab.region import RegionThread
from tests.browser import new_page
from tests.person import Person

PersonFactory = Callable[..., Person]
PageFactory = Callable[..., Page]


@pytest.fixture
def person() -> Iterator[PersonFactory]:
    """A person with a browser of their own at each call."""
    with ExitStack() as stack:

        def make(region: RegionThread, username: str = "li.beijing", **options: Any) -> Person:
            return stack.enter_context(Person(region, username, **options))

        yield make


@pytest.fixture
def pages(browser: Browser) -> Iterator[PageFactory]:
    """A page in a profile of its own at each call; `language`, `phone` and `scripts` as in tests.browser."""
    with ExitStack() as stack:

        def make(**options: Any) -> Page:
            return stack.enter_context(new_page(browser, **options))

        yield make
