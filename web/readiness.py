"""Whether the database answers, in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from web.unavailable import StoreUnavailable

READY_SECONDS = 1.0
"""How long the database may take to answer."""


class Readiness:
    """Asks the database, one question at a time: one that is frozen must not collect questions.

    `check` raises StoreUnavailable where it cannot be used.
    """

    def __init__(self, check: Callable[[], Coroutine[None, None, None]]) -> None:
        self._check = check
        self._asking: asyncio.Task[bool] | None = None

    async def now(self) -> bool:
        """Tell whether the database answers within READY_SECONDS."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await asyncio.wait({self._asking}, timeout=READY_SECONDS)
        return self._asking.done() and self._asking.result()

    async def _ask(self) -> bool:
        try:
            await self._check()
        except StoreUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
