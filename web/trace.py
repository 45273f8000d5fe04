"""One id for what belongs together in several services' logs: W3C Trace Context, level 1 (`traceparent`).

The trace-id of a request goes on with every call that is made for it; the parent-id is new at each hop. `tracestate` is
not passed on: nobody here has anything to say in it, and it would carry a stranger's words from service to service.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from contextvars import ContextVar

HEADER = "traceparent"
_NAME = HEADER.encode()
# 3.2.2: version 00 ends with the flags; a later one may go on behind a dash, and ff is none.
_FORM = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_NO_TRACE, _NO_PARENT = b"0" * 32, b"0" * 16
_SAMPLED = "01"

_current: ContextVar[tuple[str | None, bool]] = ContextVar("trace_id", default=(None, False))

# Ids tell requests apart and open nothing: no need of the system's entropy, which costs a system call.
_random = random.Random()  # noqa: S311


def begin(headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Go on with the trace in a request's raw `headers`, or begin one where there is none that can be read (3.2.2)."""
    found: bytes | None = None
    for name, value in headers:
        if name == _NAME:
            # Two would be two traces (4.2): neither counts.
            found = value if found is None else b""
    trace = _trace_of(found) if found else None
    _current.set((trace or f"{_random.getrandbits(128) or 1:032x}", trace is not None))


def current() -> str | None:
    """Return the trace-id of what is being done, or None outside of any request."""
    return _current.get()[0]


def came_along() -> bool:
    """Tell whether the current trace was begun elsewhere, so that somebody may look for it in two logs."""
    return _current.get()[1]


def onward() -> dict[str, str]:
    """Return the header of a call that is made for the current request: its trace, a parent-id of its own (3.2)."""
    trace = _current.get()[0]
    if trace is None:
        return {}
    return {HEADER: f"00-{trace}-{_random.getrandbits(64) or 1:016x}-{_SAMPLED}"}


def _trace_of(value: bytes) -> str | None:
    match = _FORM.fullmatch(value)
    if match is None or match["trace"] == _NO_TRACE or match["parent"] == _NO_PARENT:
        return None
    if match["version"] == b"00" and match["more"] is not None:
        return None
    return match["trace"].decode()
