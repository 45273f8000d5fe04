"""What these tests share with the stories: people over HTTP."""

from __future__ import annotations

from tests.journeys.conftest import person

__all__ = ["person"]
