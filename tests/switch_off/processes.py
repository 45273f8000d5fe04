"""Runs functions in copies of this process, which have everything imported already."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BROKEN = 99
HUNG = -1


def begin(run: Callable[[], int], output: Path | None = None) -> int:
    """Run it in a copy of this process, and what it writes into a file; return the copy's id."""
    child = os.fork()
    if child != 0:
        return child
    code = BROKEN
    try:
        if output:
            os.setpgid(0, 0)
            file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, 1)
            os.dup2(file, 2)
        code = run()
    finally:
        # Whatever is raised in here belongs to this process alone.
        if code == BROKEN:
            traceback.print_exc()
        os._exit(code)


def end(child: int, seconds: float) -> int:
    """Wait for the copy and return what its function returned; HUNG, and it is killed, if it takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG
