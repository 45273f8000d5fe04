"""What every store promises when many come at the same moment, over two handles, as two processes have them.

A test class per database inherits this beside contract.py; what races here would lose something at one of many tries.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from idp.stores.protocols import Stores
from tests.idp.stores.contract import (
    NOW,
    URIS,
    Reopen,
    grant,
    interaction,
    registered_client,
    session,
    sign_in,
    stored_key,
)
from tests.replaced import replace

CROWD = 50
ROUNDS = 15


async def crowd(
    stores: Stores, reopen: Reopen, act: Callable[[Stores, int], Awaitable[Any]], times: int = CROWD
) -> list[Any]:
    """Do `act` so many times at once, every other time over a second handle, and return what came of it."""
    async with AsyncExitStack() as stack:
        other = await reopen()
        stack.push_async_callback(other.upkeep.close)
        handles = itertools.cycle((stores, other))
        return await asyncio.gather(
            *(act(handle, number) for number, handle in zip(range(times), handles, strict=False))
        )


class CrowdContract:
    """Fifty at once, over two handles."""

    async def test_of_fifty_redemptions_one_keeps_its_refresh_token(self, stores: Stores, reopen: Reopen) -> None:
        await stores.grants.issue(grant(), "code")
        won = await crowd(stores, reopen, lambda one, n: one.grants.redeem("g1", NOW, f"r{n}", NOW + 100, f"key {n}"))
        [winner] = [number for number, done in enumerate(won) if done]
        kept = [number for number in range(CROWD) if await stores.grants.by_refresh_token(f"r{number}") is not None]
        assert kept == [winner]
        found = await stores.grants.get("g1")
        assert found is not None
        assert found.dpop_jkt == f"key {winner}"

    async def test_of_fifty_rotations_one_has_a_successor(self, stores: Stores, reopen: Reopen) -> None:
        await stores.grants.issue(grant(), "code")
        await stores.grants.redeem("g1", NOW, "first", NOW + 100)
        won = await crowd(stores, reopen, lambda one, n: one.grants.rotate("first", f"r{n}", NOW + 200, NOW + 1))
        [winner] = [number for number, done in enumerate(won) if done]
        kept = [number for number in range(CROWD) if await stores.grants.by_refresh_token(f"r{number}") is not None]
        assert kept == [winner]

    async def test_a_rotation_and_a_prolongation_and_a_revocation_at_once_end_in_a_family_that_is_revoked(
        self, stores: Stores, reopen: Reopen
    ) -> None:
        await stores.grants.issue(grant(), "code")
        await stores.grants.redeem("g1", NOW, "first", NOW + 100)

        async def act(one: Stores, number: int) -> None:
            if number % 3 == 0:
                await one.grants.rotate("first", f"r{number}", NOW + 200, NOW + 1)
            elif number % 3 == 1:
                await one.grants.prolong("first", NOW + 300, NOW + 1)
            elif number == CROWD // 2 // 3 * 3 + 2:
                await one.grants.revoke("g1", NOW + 1)

        await crowd(stores, reopen, act)
        for number in range(CROWD):
            assert not await stores.grants.rotate(f"r{number}", "later", NOW + 400, NOW + 2)
        assert not await stores.grants.prolong("first", NOW + 400, NOW + 2)

    async def test_of_fifty_guesses_three_are_looked_at(self, stores: Stores, reopen: Reopen) -> None:
        waits = await crowd(stores, reopen, lambda one, _: one.login_failures.attempt("li", "::1", NOW))
        assert sorted(waits) == [0.0] * 3 + [1.0] * (CROWD - 3)

    async def test_of_fifty_that_register_so_many_are_let_in(self, stores: Stores, reopen: Reopen) -> None:
        for round_ in range(1, ROUNDS):

            async def act(one: Stores, number: int, round_: int = round_) -> bool:
                return await one.registered_clients.add(registered_client(f"c{round_}-{number}"), 7 * round_)

            assert sum(await crowd(stores, reopen, act, 20)) == 7

    async def test_of_fifty_of_one_network_so_many_wait(self, stores: Stores, reopen: Reopen) -> None:
        for round_ in range(1, ROUNDS):

            async def act(one: Stores, number: int, round_: int = round_) -> bool:
                waiting = replace(interaction(f"i{round_}-{number}"), network="192.0.2.1")
                return await one.interactions.open(waiting, 7 * round_)

            assert sum(await crowd(stores, reopen, act, 20)) == 7

    async def test_a_jti_is_used_once_of_fifty_times(self, stores: Stores, reopen: Reopen) -> None:
        used = await crowd(stores, reopen, lambda one, _: one.assertions.use("alpha", "jti", NOW + 60))
        assert sum(used) == 1

    async def test_rotations_at_once_leave_one_key_to_sign_with(self, stores: Stores, reopen: Reopen) -> None:
        await stores.keys.add([stored_key("current", "current"), stored_key("next", "next")])
        await crowd(stores, reopen, lambda one, n: one.keys.rotate("ES256", stored_key(f"k{n}", "next"), NOW + n), 12)
        states = sorted(key.state for key in await stores.keys.all())
        assert states == ["current", "next", *["retired"] * 12]

    async def test_whoever_enters_a_session_that_ends_is_told_or_turned_away(
        self, stores: Stores, reopen: Reopen
    ) -> None:
        for round_ in range(ROUNDS):
            here = session(f"s{round_}")
            await stores.sessions.start(here)

            async def act(one: Stores, number: int, session_id: str = here.session_id) -> Any:
                if number == 5:
                    return await one.sign_ins.end_session(
                        session_id, "logged_out", NOW, {f"c{n}": "u" for n in range(9)}
                    )
                return await one.sign_ins.enter(sign_in(f"{session_id}-{number}", f"c{number}", session_id))

            [*entered] = await crowd(stores, reopen, act, 9)
            ended = {one.sid for one in entered.pop(5)}
            assert {one.sid for one in entered if one is not None} == ended
            assert await stores.sign_ins.of_session(here.session_id) == []
            assert {one.sid for one in await stores.deliveries.of_session(here.session_id)} == ended

    async def test_what_is_granted_while_its_sign_in_ends_is_revoked_or_never_there(
        self, stores: Stores, reopen: Reopen
    ) -> None:
        for round_ in range(ROUNDS):
            sid = f"sid{round_}"
            await stores.sessions.start(session(f"s{round_}"))
            await stores.sign_ins.enter(sign_in(sid, "alpha", f"s{round_}"))

            async def act(one: Stores, number: int, sid: str = sid) -> bool:
                if number == 5:
                    return len(await one.sign_ins.end([sid], "test", NOW, URIS)) == 1
                return await one.grants.issue(grant(f"{sid}-{number}", sid), f"code {sid}-{number}")

            issued = await crowd(stores, reopen, act, 9)
            assert issued.pop(5)
            found = [await stores.grants.get(f"{sid}-{number}") for number in range(9) if number != 5]
            assert [one is not None for one in found] == issued
            assert {one.revoked_at for one in found if one is not None} <= {NOW}

    async def test_whatever_ends_at_once_ends_once_and_nobody_waits_for_ever(
        self, stores: Stores, reopen: Reopen
    ) -> None:
        for round_ in range(ROUNDS):
            here, sids = f"s{round_}", [f"{round_}-{number}" for number in range(6)]
            await stores.sessions.start(session(here))
            await stores.sessions.start(session(f"{here} anew"))
            for number, sid in enumerate(sids):
                await stores.sign_ins.enter(sign_in(sid, f"c{number}", here))
                for part in range(3):
                    await stores.grants.issue(grant(f"{sid}-{part}", sid, session_id=here), f"code {sid}-{part}")
            uris = {f"c{number}": "u" for number in range(6)}

            def acts(
                one: Stores, here: str, sids: list[str], uris: dict[str, str]
            ) -> list[Callable[[], Coroutine[Any, Any, Any]]]:
                return [
                    lambda: one.sign_ins.end(sids, "test", NOW, uris),
                    lambda: one.sign_ins.end(sids[::-1], "test", NOW, uris),
                    lambda: one.sign_ins.end_session(here, "logged_out", NOW, uris),
                    lambda: one.grants.revoke_of_person("li", None, NOW),
                    lambda: one.sessions.succeed(here, f"{here} anew", NOW),
                    lambda: one.sessions.lower_level("li", 2),
                    lambda: one.upkeep.sweep(NOW),
                ]

            async def act(
                one: Stores, number: int, here: str = here, sids: list[str] = sids, uris: dict[str, str] = uris
            ) -> Any:
                return await acts(one, here, sids, uris)[number % 7]()

            await crowd(stores, reopen, act, 14)
            told = [row.sid for row in await stores.deliveries.of_person("li", 1000) if row.sid in sids]
            assert sorted(told) == sids

    async def test_what_waits_for_many_clients_is_claimed_once_and_a_few_of_each(
        self, stores: Stores, reopen: Reopen
    ) -> None:
        clients = [f"c{number}" for number in range(5)]
        for number in range(10):
            await stores.sessions.start(session(f"s{number}"))
            for client_id in clients:
                await stores.sign_ins.enter(sign_in(f"{client_id}-{number}", client_id, f"s{number}"))
            await stores.sign_ins.end_session(f"s{number}", "logged_out", NOW, dict.fromkeys(clients, "u"))
        first = await stores.deliveries.claim(NOW, 30, 2, but=["c4"])
        assert sorted(row.client_id for row in first) == ["c0", "c0", "c1", "c1", "c2", "c2", "c3", "c3"]
        alone = await stores.deliveries.claim(NOW, 30, 1, only="c4")
        assert [row.client_id for row in alone] == ["c4"]
        rest = await crowd(stores, reopen, lambda one, _: one.deliveries.claim(NOW, 30, 3), 6)
        claimed = [row.delivery_id for part in (first, alone, *rest) for row in part]
        assert len(claimed) == len(set(claimed)) == 50
