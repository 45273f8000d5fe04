"""Our services as processes of their own that start at once: forked from one that has imported them.

To import FastAPI takes a second of CPU, and the tests that kill processes start many. What they kill is a process like
any other, with a number of its own; the one that forks has a single thread, opens nothing, and ends with the tests.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.rules.tracked import ROOT

MODULES = ("idp", "portals")
LOOK_SECONDS = 0.01


class WarmProcess:
    """A process that was forked; of subprocess.Popen's ways those that tests need."""

    def __init__(self, forks: _Forks, pid: int) -> None:
        self._forks = forks
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, the negative number of the signal that killed it, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._forks.ask({"pid": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(LOOK_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        self.send_signal(signal.SIGKILL)


class _Forks:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def ask(self, request: Mapping[str, Any]) -> Any:
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-m", "tests.warm"]
                kept = {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")}
                self._process = subprocess.Popen(
                    command, cwd=ROOT, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                atexit.register(self._end, self._process)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.communicate()


_forks = _Forks()


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path | None = None) -> WarmProcess:
    """Run `python -m` with these arguments, `idp` or `portals` first; what it says is added to `log`.

    `environment` comes on top of the tests' own.
    """
    given = {**os.environ, **environment}
    pid = _forks.ask({"arguments": list(arguments), "environment": given, "log": str(log or os.devnull)})
    return WarmProcess(_forks, int(pid))


def main() -> None:
    """Fork as standard input says, a request a line, until it ends; then end whatever still runs."""
    for module in MODULES:
        import_module(f"{module}.__main__")
    import_module("idp.stores.postgres")
    import_module("portals.stores.postgres")
    running: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "pid" in request:
            told: int | None = _ended(request["pid"])
            if told is not None:
                running.discard(request["pid"])
        else:
            told = os.fork()
            if told == 0:
                _become(request)
            running.add(told)
        print(json.dumps(told), flush=True)
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(request: Mapping[str, Any]) -> None:
    """Be the program, and nothing else, to the end."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = list(request["arguments"])
        name, *others = sys.argv
        run = import_module(f"{name}.__main__").main
        code = run(others) if others else run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
