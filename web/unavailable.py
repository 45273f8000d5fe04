"""The one failure that every request may meet: the database is away."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """What is remembered cannot be reached or changed now, but may be a little later; the text is for the log."""
