"""Passwords: argon2id in a bounded pool of threads that give way, so that hashing never stalls a roam."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_M_MMAP_THRESHOLD = -3
_LARGE = 1 << 20
NICER_BY = 10
"""By how much the threads that hash are nicer (nice(2)) than the one that answers requests."""
OVERDUE_SECONDS = 0.5
"""Whoever has waited so long for threads that give way is seen to by one that does not."""


class TooBusy(Exception):
    """More log-ins wait than the pool will take."""


class Passwords:
    """Hashes and checks passwords: argon2id, 19 MiB, 2 passes, 1 lane (OWASP's minimum; 41 ms on one core here)."""

    def __init__(self, threads: int, queue: int) -> None:
        _give_back_what_is_large()
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._polite = ThreadPoolExecutor(threads, "passwords", initializer=_give_way)
        # For those that are overdue: where others have all of the processor, whoever gives way gets nothing.
        self._plain = ThreadPoolExecutor(threads, "passwords-overdue")
        self._places = threads + queue
        self._taken: Counter[str] = Counter()
        # Checked where the account is unknown, so that the answer takes as long as for one that is known.
        self._nobody = self._hasher.hash("nobody's password")

    @property
    def waiting(self) -> int:
        """How many places are taken: by passwords that are being hashed, and by those that wait."""
        return self._taken.total()

    def hash(self, password: str) -> str:
        """Return the password's hash; blocks for some 40 ms."""
        return self._hasher.hash(password)

    async def hash_many(self, passwords: list[str]) -> list[str]:
        """Hash several passwords, giving way to nobody."""
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(self._plain, self.hash, one) for one in passwords))

    async def check(self, password_hash: str | None, password: str, address: str) -> bool:
        """Tell whether the password is right; None stands for an unknown account. Raises TooBusy at once.

        One address has half of the places at most, so that a flood from there leaves room for others.
        """
        if self._taken.total() >= self._places or self._taken[address] >= max(1, self._places // 2):
            raise TooBusy
        self._taken[address] += 1
        try:
            right = await self._verified(password_hash or self._nobody, password)
        finally:
            self._taken[address] -= 1
            self._taken += Counter()  # drops the zeros
        return right and password_hash is not None

    async def _verified(self, password_hash: str, password: str) -> bool:
        begun = self._polite.submit(self._verify, password_hash, password)
        tries = {asyncio.wrap_future(begun)}
        try:
            done, _ = await asyncio.wait(tries, timeout=OVERDUE_SECONDS)
            if not done:
                if begun.cancel():
                    tries.clear()
                # Else a thread has it and does not get on: it is done once more beside, and who is first counts.
                loop = asyncio.get_running_loop()
                tries.add(loop.run_in_executor(self._plain, self._verify, password_hash, password))
                done, _ = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for one in tries:
                one.cancel()

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """Stop the threads."""
        for pool in (self._polite, self._plain):
            pool.shutdown(wait=False, cancel_futures=True)


def _give_back_what_is_large() -> None:
    """Have the memory of a hash returned to the system once it is made.

    glibc takes what is freed for what will be asked for again, and would keep 19 MiB in each thread that ever hashed
    (mallopt(3), M_MMAP_THRESHOLD: "dynamic"). Other allocators are left as they are.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _give_way() -> None:
    """Have this thread wait for the one that answers requests; on one core it keeps a tenth beside that (sched(7)).

    Linux alone has a priority for each thread: elsewhere the number would be that of some process.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICER_BY))
