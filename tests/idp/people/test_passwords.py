"""Hashing passwords takes memory only while it is done."""

from __future__ import annotations

import asyncio
from pathlib import Path

from idp.people.passwords import Passwords

HASH_KB = 19 * 1024


def memory_kb() -> int:
    """Return what the process has of its own."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(rollup.split("Anonymous:")[1].split()[0])


def test_the_memory_of_a_hash_goes_back_to_the_system_from_whichever_thread() -> None:
    before = memory_kb()
    passwords = Passwords(2, 4)
    asyncio.run(passwords.hash_many([f"password {number}" for number in range(6)]))
    passwords.close()
    assert memory_kb() - before < HASH_KB / 2
