"""Programs that only calculate, on the core of the server: what else a busy machine would do there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from server_process import on_servers_core


@contextmanager
def burden(programs: int) -> Iterator[None]:
    """Run so many meanwhile."""
    with ExitStack() as stack:
        for _ in range(programs):
            with on_servers_core():
                process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(process.kill)
        yield
