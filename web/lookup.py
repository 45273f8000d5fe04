"""Host names looked up by the system's resolver, which blocks: in few threads, that one slow name cannot fill."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

MOST_AT_ONCE = 8


class SystemResolver:
    """Calls getaddrinfo off the event loop; whoever asks for a name that is being looked up waits for that answer."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="lookup")
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._running: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """Return the addresses of `host`, as the system prefers them; none where it has none."""
        if host not in self._running:
            # Not the executor's own queue: what was given up would stay in it and hold up what comes later.
            await self._free.acquire()
            if host in self._running:
                self._free.release()
            else:
                self._begin(host)
        # A lookup cannot be stopped; whoever gives up leaves it to those who still wait.
        return await asyncio.shield(self._running[host])

    def _begin(self, host: str) -> None:
        lookup = asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host)
        self._running[host] = lookup

        def ended(_: asyncio.Future[Sequence[str]]) -> None:
            self._running.pop(host, None)
            self._free.release()

        lookup.add_done_callback(ended)

    def close(self) -> None:
        """Begin no more lookups, and wait for none."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))
