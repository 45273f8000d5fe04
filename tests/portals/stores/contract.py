"""What a portal's stores promise, whichever database is behind them; each test file says which, by the fixture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from portals.stores import proofs
from portals.stores.database import Database, own_secret
from portals.stores.endings import Ending, Endings, Known
from portals.stores.flows import Flow, Flows
from portals.stores.proofs import Proofs, TooManyProofs, name_of
from portals.stores.sessions import RENEWAL_SECONDS, Account, Session, Sessions, Tokens
from web.dpop import Proof

NOW = 1_800_000_000.0
CROWD = 8
IDLE = 1800
Open = Callable[[], Coroutine[Any, Any, Database]]


def flow(state: str = "a state") -> Flow:
    return Flow(state, "browser", "nonce", "verifier", "openid", "/me", None, NOW, NOW + 900)


def session(id: str = "a session", **changes: Any) -> Session:
    made = Session(
        id=id, sub="li", sid="sid-1", acr="urn:manyou:loa:3", auth_time=NOW - 9, nonce="nonce", scope="openid profile",
        id_token="id token", id_token_use="id_token", access_token="access token", access_ends_at=NOW + 300,
        refresh_token="refresh token", userinfo={"name": "李*", "home_region": "110000"},
        created_at=NOW, seen_at=NOW, ends_at=NOW + 28_800,
    )  # fmt: skip
    return replace(made, **changes)


TOKENS = Tokens("new id token", "refreshed_id_token", "new access token", NOW + 600, "new refresh token", "openid")


def ending(jti: str = "jti-1", sid: str | None = "sid-1", sub: str | None = None, at: float = NOW + 1) -> Ending:
    return Ending(jti, sid, sub, at, at + 120)


def proof(jti: str = "a jti", expires_at: float = NOW + 90) -> Proof:
    return Proof("a thumbprint", jti, int(NOW), None, expires_at)


class StoresContract:
    """Each test opens the same database as two processes would: `one` and `other`."""

    @pytest.fixture
    async def one(self, open_database: Open) -> Any:
        database = await open_database()
        yield database
        await database.close()

    @pytest.fixture
    async def other(self, one: Database, open_database: Open) -> Any:
        database = await open_database()
        yield database
        await database.close()

    async def test_many_that_open_at_once_have_one_secret(self, open_database: Open) -> None:
        databases = await asyncio.gather(*(open_database() for _ in range(CROWD)))
        found = await asyncio.gather(*(own_secret(database, "csrf") for database in databases))
        assert len(set(found)) == 1
        assert len(found[0]) == 32
        assert await own_secret(databases[0], "another") != found[0]
        for database in databases:
            await database.check()
            await database.close()

    async def test_a_flow_is_known_to_all_and_used_once_rfc6749_10_12(self, one: Database, other: Database) -> None:
        await Flows(one).start(flow())
        assert await Flows(other).find("a state") == flow()
        assert await Flows(other).find("another") is None
        uses = [Flows(database).use("a state", NOW + 1) for database in (one, other) * CROWD]
        assert sorted(await asyncio.gather(*uses)) == [False] * (2 * CROWD - 1) + [True]
        assert await Flows(one).find("a state") == replace(flow(), used_at=NOW + 1)

    async def test_a_flow_that_ended_is_not_used_and_later_forgotten(self, one: Database) -> None:
        flows = Flows(one)
        await flows.start(flow())
        assert not await flows.use("a state", NOW + 900)
        await flows.start(replace(flow("later"), started_at=NOW + 2000))
        assert await flows.find("a state") is None

    async def test_a_session_that_began_at_one_is_found_at_the_other_and_ends_for_both(
        self, one: Database, other: Database
    ) -> None:
        assert await Sessions(one, IDLE).begin(session(), NOW, None)
        assert await Sessions(other, IDLE).find("a session", NOW + 1) == session()
        await Sessions(other, IDLE).end("a session")
        assert await Sessions(one, IDLE).find("a session", NOW + 1) is None

    async def test_a_session_ends_by_idleness_by_age_and_by_its_successor(self, one: Database) -> None:
        sessions = Sessions(one, IDLE)
        await sessions.begin(session(), NOW, None)
        await sessions.begin(session("long", seen_at=NOW + 40_000, ends_at=NOW + 28_800), NOW, None)
        assert await sessions.find("a session", NOW + IDLE) is None
        assert await sessions.find("long", NOW + 28_800) is None
        assert await sessions.find("a session", NOW + 1000) is not None
        # Seen at 1000, so that it lives until 2800.
        found = await sessions.find("a session", NOW + 2799)
        assert found is not None
        assert found.seen_at == NOW + 1000
        await sessions.begin(session("next"), NOW, "a session")
        assert await sessions.find("a session", NOW + 2800) is None

    async def test_accounts_count_visits_and_have_numbers_without_gaps(self, one: Database, other: Database) -> None:
        stores = [Sessions(one, IDLE), Sessions(other, IDLE)]
        people = [f"person {number}" for number in range(CROWD)]
        begun = [
            stores[n % 2].begin(session(f"{sub}, visit {n}", sub=sub, sid=f"{sub}, visit {n}"), NOW, None)
            for n in range(2)
            for sub in people
        ]  # fmt: skip
        assert all(await asyncio.gather(*begun))
        accounts = [await stores[0].account(person) for person in people]
        assert sorted(account.number for account in accounts if account) == [*range(1, CROWD + 1)]
        assert accounts[0] == Account(people[0], accounts[0].number if accounts[0] else 0, NOW, NOW, 2)
        assert await stores[0].account("nobody") is None

    async def test_an_ending_at_one_ends_the_session_at_the_other_and_works_once(
        self, one: Database, other: Database
    ) -> None:
        sessions = Sessions(one, IDLE)
        await sessions.begin(session(), NOW, None)
        await sessions.begin(session("elsewhere", sid="sid-2"), NOW, None)
        ends = [Endings(database).end(ending()) for database in (other, one) * CROWD]
        came_of_it = await asyncio.gather(*ends)
        assert [number for number in came_of_it if number is not None] == [1]
        assert await sessions.find("a session", NOW + 2) is None
        assert await sessions.find("elsewhere", NOW + 2) is not None
        assert await Endings(one).known("sid-1", "jti-1", None) == Known(True, True, False)
        assert await Endings(one).known("sid-2", "jti-2", None) == Known(False, False, False)
        assert not await sessions.begin(session("late"), NOW, None)
        assert await sessions.find("late", NOW + 2) is None

    async def test_an_ending_of_a_person_ends_all_and_lets_later_ones_begin(self, one: Database) -> None:
        sessions, endings = Sessions(one, IDLE), Endings(one)
        for number in (1, 2):
            await sessions.begin(session(f"s{number}", sid=f"sid-{number}"), NOW, None)
        await sessions.begin(session("else", sid="sid-3", sub="wang"), NOW, None)
        assert await endings.end(ending(sid=None, sub="li")) == 2
        assert await endings.end(ending("jti-2", sid=None, sub="li", at=NOW - 99)) == 0
        assert await sessions.find("else", NOW + 2) is not None
        assert await endings.subject_ended("li", NOW + 1)
        assert not await endings.subject_ended("li", NOW + 1.5)
        assert (await endings.known("sid-2", None, None)).sid_ended
        assert not await sessions.begin(session("early", sid="sid-4"), NOW + 1, None)
        assert await sessions.begin(session("later", sid="sid-5"), NOW + 2, None)

    async def test_of_a_sign_in_and_an_ending_at_once_the_ending_wins(self, one: Database, other: Database) -> None:
        for number in range(3 * CROWD):
            sid, id = f"sid-{number}", f"session {number}"
            begin = Sessions(one, IDLE).begin(session(id, sid=sid), NOW, None)
            end = Endings(other).end(ending(f"jti-{number}", sid))
            await asyncio.gather(*((begin, end) if number % 2 else (end, begin)))
            assert await Sessions(one, IDLE).find(id, NOW + 2) is None, number

    async def test_a_proof_is_taken_once_by_all_rfc9449_11_1(self, one: Database, other: Database) -> None:
        stores = [Proofs(one), Proofs(other)]
        for number in range(5):
            uses = [store.use(proof(str(number)), NOW) for store in stores * CROWD]
            assert sum(await asyncio.gather(*uses)) == 1
        assert (await Endings(one).known(None, None, name_of(proof("1")))).proof_seen
        assert not (await Endings(one).known(None, None, name_of(proof("9")))).proof_seen

    async def test_so_many_proofs_are_kept_and_no_more(self, one: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(proofs, "MOST", 3)
        store = Proofs(one)
        assert [await store.use(proof(str(number)), NOW) for number in range(3)] == [True] * 3
        with pytest.raises(TooManyProofs):
            await store.use(proof("one more"), NOW)
        assert await store.use(proof("one more", NOW + 200), NOW + 91)
        assert await store.use(proof("1", NOW + 200), NOW + 91)

    async def test_one_renews_at_a_time_whichever_process_it_is_in(self, one: Database, other: Database) -> None:
        stores = [Sessions(one, IDLE), Sessions(other, IDLE)]
        await stores[0].begin(session(), NOW, None)
        claims = [stores[n % 2].claim_renewal(session(), f"request {n}", NOW) for n in range(2 * CROWD)]
        got = await asyncio.gather(*claims)
        assert sum(got) == 1
        winner = got.index(True)
        assert not await stores[1].renew("a session", TOKENS, "somebody else")
        assert await stores[winner % 2].renew("a session", TOKENS, f"request {winner}")
        found = await stores[0].find("a session", NOW)
        assert found == replace(session(), **vars(TOKENS))
        # Whoever still has the old tokens before it has nothing to renew.
        assert not await stores[1].claim_renewal(session(), "late", NOW)
        assert await stores[1].claim_renewal(found, "next", NOW)

    async def test_who_dies_over_a_renewal_holds_others_up_for_a_bounded_time(
        self, one: Database, other: Database
    ) -> None:
        mine, theirs = Sessions(one, IDLE), Sessions(other, IDLE)
        await mine.begin(session(), NOW, None)
        assert await mine.claim_renewal(session(), "the dead", NOW)
        bound = RENEWAL_SECONDS + one.doubt_seconds
        assert not await theirs.claim_renewal(session(), "the living", NOW + bound - 1)
        assert await theirs.claim_renewal(session(), "the living", NOW + bound)
        # It was not dead but slow: what it brings comes too late.
        assert not await mine.renew("a session", TOKENS, "the dead")
        await mine.give_up_renewal("a session", "the dead")
        assert await theirs.renew("a session", TOKENS, "the living")

    async def test_who_gives_a_renewal_up_leaves_it_to_the_next_at_once(self, one: Database, other: Database) -> None:
        await Sessions(one, IDLE).begin(session(), NOW, None)
        assert await Sessions(one, IDLE).claim_renewal(session(), "a", NOW)
        await Sessions(one, IDLE).give_up_renewal("a session", "a")
        assert await Sessions(other, IDLE).claim_renewal(session(), "b", NOW)
        await Sessions(other, IDLE).end("a session")
        assert not await Sessions(other, IDLE).renew("a session", TOKENS, "b")
