"""The folder of state (`MANYOU_VAR`): held by one region at a time, and emptied only when nobody holds it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "manyou.lock"


class StateFolderBusy(Exception):
    """A folder that a running region holds; the text is one sentence."""


class NotAStateFolder(Exception):
    """A folder that holds something else than a region's state; the text is one sentence."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make `folder` and keep other regions out of it. Raises StateFolderBusy and NotAStateFolder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a")
    except OSError as error:
        raise NotAStateFolder(f"{folder} (MANYOU_VAR) cannot be used: {error.strerror}.") from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateFolderBusy(f"{folder} is in use by a region that is running; end it first.") from error
        yield


def empty(folder: Path) -> int:
    """Remove everything in `folder` and return how many entries that were.

    Raises StateFolderBusy, and NotAStateFolder where the folder shows no sign of a region: a mistyped MANYOU_VAR must
    not cost somebody their home.
    """
    entries = list(folder.iterdir()) if folder.is_dir() else []
    if not entries:
        return 0
    if not any((folder / sign).is_file() for sign in (LOCK, "idp.db")):
        raise NotAStateFolder(f"{folder} does not look like a region's state; nothing was removed.")
    with hold(folder):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    return len(entries)
