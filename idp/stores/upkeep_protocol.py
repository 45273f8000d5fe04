"""What a database needs besides its contents; see protocols.py."""

from __future__ import annotations

from typing import Protocol


class Upkeep(Protocol):
    """What a database needs besides its contents."""

    async def sweep(self, now: float) -> int:
        """Delete what has run out and nothing refers to any more; return how many rows."""
        ...

    async def fold(self) -> None:
        """Do what the database would otherwise do in the way of a request; to be called several times a second."""
        ...

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer."""
        ...

    async def close(self) -> None:
        """Close the database."""
        ...
