"""What every store of the provider promises, whatever database it is; a test class per database inherits this.

It needs two fixtures: `stores` and `reopen` (a function that opens the same state once more, as another process would).
What may succeed only once is tried from several threads, each with a handle of its own; see crowd.py for more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from idp.model import AuditEvent, Grant, Interaction, Person, RegisteredClient, Session, SignIn
from idp.stores.protocols import Backlog, StoredKey, Stores
from tests.replaced import replace

Reopen = Callable[[], Awaitable[Stores]]
THREADS = 6
NOW = 1_800_000_000.0
URIS = {"alpha": "http://alpha.localhost/backchannel-logout"}


def person(user_id: str = "li", **changes: Any) -> Person:
    right = Person(user_id, f"{user_id}.beijing", 3, False, "李明", "110000", "110000190001010012", updated_at=5)
    return replace(right, **changes)


def session(session_id: str = "s1", user_id: str = "li", **changes: Any) -> Session:
    return replace(Session(session_id, user_id, int(NOW), 3, ("pwd",), NOW, NOW, NOW + 28800), **changes)


def sign_in(sid: str = "sid1", client_id: str = "alpha", session_id: str = "s1") -> SignIn:
    return SignIn(sid, session_id, client_id, "li", f"sub at {client_id}", NOW, NOW)


def grant(grant_id: str = "g1", sid: str = "sid1", **changes: Any) -> Grant:
    right = Grant(
        grant_id, "alpha", "li", "s1", sid, "sub", "http://alpha.localhost/callback", ("openid", "profile"),
        "http://alpha.localhost/api", "n", "c" * 43, int(NOW), 3, ("pwd",), NOW, NOW + 60,
    )  # fmt: skip
    return replace(right, **changes)


def registered_client(client_id: str = "c1", **changes: Any) -> RegisteredClient:
    return replace(RegisteredClient(client_id, {"client_name": "小店"}, "hash", int(NOW), NOW), **changes)


def interaction(interaction_id: str = "i1") -> Interaction:
    pairs = (("client_id", "alpha"), ("state", "中 &="), ("resource", "a"), ("resource", "a"))
    return Interaction(interaction_id, "alpha", pairs, "browser", NOW, NOW + 1800, True)


def at_once(reopen: Reopen, act: Callable[[Stores], Coroutine[Any, Any, Any]]) -> list[Any]:
    """Do `act` in THREADS threads at the same moment, each with its own handle, and return what came of it."""
    barrier = threading.Barrier(THREADS)

    async def run() -> Any:
        stores = await reopen()
        try:
            # It holds up this thread's loop alone.
            barrier.wait(10)
            return await act(stores)
        finally:
            await stores.upkeep.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return [one.result() for one in [pool.submit(asyncio.run, run()) for _ in range(THREADS)]]


class OnceOnlyContract:
    """What may succeed once, succeeds once, from however many processes it is tried."""

    async def test_a_code_is_redeemed_once(self, stores: Stores, reopen: Reopen) -> None:
        await stores.grants.issue(grant(), "code")
        won = await asyncio.to_thread(at_once, reopen, lambda one: one.grants.redeem("g1", NOW + 1, None, 0.0))
        assert sorted(won) == [False] * (THREADS - 1) + [True]
        assert not await stores.grants.redeem("g1", NOW + 2, "later", NOW + 100)
        assert await stores.grants.by_refresh_token("later") is None

    async def test_a_refresh_token_is_rotated_once(self, stores: Stores, reopen: Reopen) -> None:
        await stores.grants.issue(grant(), "code")
        assert await stores.grants.redeem("g1", NOW, "first", NOW + 100)

        async def rotate(one: Stores) -> bool:
            return await one.grants.rotate("first", f"second-{threading.get_ident()}", NOW + 100, NOW + 1)

        assert sorted(await asyncio.to_thread(at_once, reopen, rotate)) == [False] * (THREADS - 1) + [True]

    async def test_an_assertion_is_used_once(self, stores: Stores, reopen: Reopen) -> None:
        used = await asyncio.to_thread(at_once, reopen, lambda one: one.assertions.use("alpha", "jti", NOW + 60))
        assert sorted(used) == [False] * (THREADS - 1) + [True]
        assert await stores.assertions.use("beta", "jti", NOW + 60)

    async def test_two_that_come_together_are_each_used_once(self, stores: Stores) -> None:
        a, b, c = (("alpha", "1", NOW + 60), ("dpop x", "2", NOW + 60), ("dpop y", "1", NOW + 60))
        assert await stores.assertions.use_both(a, b) == (True, True)
        assert not await stores.assertions.use(*a)
        assert not await stores.assertions.use(*b)
        assert (await stores.assertions.use_both(a, c))[0] is False
        assert await stores.assertions.use_both(c, a) == (True, False)
        assert (await stores.assertions.use_both(c, b))[0] is False

    async def test_an_interaction_is_completed_once(self, stores: Stores, reopen: Reopen) -> None:
        assert await stores.interactions.open(interaction(), 1)
        done = await asyncio.to_thread(at_once, reopen, lambda one: one.interactions.complete("i1", NOW))
        assert sorted(done) == [False] * (THREADS - 1) + [True]

    async def test_a_client_enters_a_session_once(self, stores: Stores, reopen: Reopen) -> None:
        await stores.sessions.start(session())

        async def enter(one: Stores) -> str:
            entered = await one.sign_ins.enter(sign_in(f"sid-{threading.get_ident()}"))
            assert entered is not None
            return entered.sid

        assert len(set(await asyncio.to_thread(at_once, reopen, enter))) == 1

    async def test_a_sign_in_ends_once_and_is_told_once(self, stores: Stores, reopen: Reopen) -> None:
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in())
        ended = await asyncio.to_thread(at_once, reopen, lambda one: one.sign_ins.end(["sid1"], "test", NOW, URIS))
        assert sorted(len(one) for one in ended) == [0] * (THREADS - 1) + [1]
        assert len(await stores.deliveries.of_person("li", 10)) == 1

    async def test_a_delivery_is_claimed_once_at_a_time(self, stores: Stores, reopen: Reopen) -> None:
        await stores.sessions.start(session())
        for number in range(20):
            await stores.sign_ins.enter(sign_in(f"sid{number}", "alpha", f"s{number}"))
        await stores.sign_ins.end([f"sid{number}" for number in range(20)], "test", NOW, URIS)
        claimed = await asyncio.to_thread(at_once, reopen, lambda one: one.deliveries.claim(NOW, 30, 5))
        ids = [delivery.delivery_id for part in claimed for delivery in part]
        assert len(ids) == len(set(ids)) == 20

    async def test_a_secret_is_made_once(self, stores: Stores, reopen: Reopen) -> None:
        async def keep(one: Stores) -> bytes:
            return await one.keys.keep_secret("csrf", str(threading.get_ident()).encode())

        kept = await asyncio.to_thread(at_once, reopen, keep)
        assert set(kept) == {await stores.keys.secret("csrf")}

    async def test_guesses_at_once_are_bounded(self, stores: Stores, reopen: Reopen) -> None:
        waits = await asyncio.to_thread(at_once, reopen, lambda one: one.login_failures.attempt("li", "::1", NOW))
        assert sum(wait == 0 for wait in waits) == 3

    async def test_of_two_first_starts_one_makes_the_keys(self, stores: Stores, reopen: Reopen) -> None:
        async def add(one: Stores) -> None:
            await one.keys.add([stored_key(f"kid-{threading.get_ident()}", "current")])

        await asyncio.to_thread(at_once, reopen, add)
        assert len(await stores.keys.all()) == 1


def stored_key(kid: str, state: str, created_at: float = NOW) -> StoredKey:
    public = {"kty": "EC", "kid": kid, "x": "x"}
    return StoredKey(kid, "ES256", state, public, b"\x00sealed", created_at, None, None)


class RememberingContract:
    """What is kept comes back as it was, and what ends, ends."""

    async def test_a_person_comes_back_as_they_were(self, stores: Stores) -> None:
        rare = person("sun", real_name="孙㛃·𬎆", phone="10000000006", address="天津市示范区演示路 6 号")
        await stores.people.add(rare, "hash")
        await stores.people.add(replace(rare, real_name="another"), "other")
        assert await stores.people.by_id("sun") == rare
        assert await stores.people.for_login("sun.beijing") == (rare, "hash")
        assert await stores.people.usernames() == {"sun.beijing"}
        assert await stores.people.by_id("SUN") is None
        await stores.people.set_level("sun", 1, NOW)
        await stores.people.set_frozen("sun", True, NOW + 1)
        changed = await stores.people.by_id("sun")
        assert changed == replace(rare, level=1, frozen=True, updated_at=int(NOW + 1))

    async def test_a_grant_comes_back_as_it_was(self, stores: Stores) -> None:
        empty: dict[str, Any] = {"resource": None, "nonce": None, "code_challenge": None, "offline": True}
        for number, changes in enumerate(({}, empty)):
            one = grant(f"g{number}", **changes)
            await stores.grants.issue(one, f"code{number}")
            assert await stores.grants.get(f"g{number}") == one
        assert await stores.grants.get("unknown") is None

    async def test_a_code_that_is_late_or_revoked_is_not_redeemed(self, stores: Stores) -> None:
        await stores.grants.issue(grant(), "code")
        assert not await stores.grants.redeem("g1", NOW + 60, "r", NOW + 100)
        await stores.grants.revoke("g1", NOW)
        assert not await stores.grants.redeem("g1", NOW + 1, "r", NOW + 100)
        assert await stores.grants.by_refresh_token("r") is None

    async def test_a_refresh_token_that_is_late_or_revoked_is_not_rotated(self, stores: Stores) -> None:
        await stores.grants.issue(grant(), "code")
        await stores.grants.redeem("g1", NOW, "first", NOW + 100)
        assert not await stores.grants.rotate("first", "second", NOW + 500, NOW + 100)
        await stores.grants.revoke("g1", NOW)
        assert not await stores.grants.rotate("first", "second", NOW + 500, NOW + 1)
        kept = await stores.grants.by_refresh_token("first")
        assert kept is not None
        assert (kept.used_at, kept.grant.revoked_at) == (None, NOW)

    async def test_an_interaction_comes_back_with_its_parameters_in_order(self, stores: Stores) -> None:
        assert await stores.interactions.open(interaction(), 1)
        assert await stores.interactions.get("i1") == interaction()
        await stores.interactions.authenticated("i1", "s1")
        await stores.interactions.decided("i1", "allow", "s1")
        await stores.interactions.reauthenticate("i1")
        kept = replace(interaction(), authenticated="s1", decision="allow", decided_by="s1", reauthenticate=True)
        assert await stores.interactions.get("i1") == kept

    async def test_of_one_network_so_many_interactions_wait_at_most(self, stores: Stores) -> None:
        async def opened(interaction_id: str, network: str, **changes: Any) -> bool:
            return await stores.interactions.open(replace(interaction(interaction_id), network=network, **changes), 2)

        assert [await opened(one, "192.0.2.1") for one in ("i1", "i2", "i3")] == [True, True, False]
        assert await opened("i3", "192.0.2.2")
        # One that is answered waits no more, nor does one that has expired.
        await stores.interactions.complete("i1", NOW + 1)
        assert [await opened(one, "192.0.2.1") for one in ("i4", "i5")] == [True, False]
        assert await opened("i5", "192.0.2.1", created_at=NOW + 1800)

    async def test_a_session_lives_until_its_absolute_end(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        assert await stores.sessions.live("s1", NOW + 28799) == session()
        assert await stores.sessions.live("s1", NOW + 28800) is None
        await stores.sessions.touch("s1", NOW + 50)
        assert await stores.sessions.live("s1", NOW) == session(seen_at=NOW + 50)
        assert await stores.sign_ins.expired_sessions(NOW + 3649, 3600) == []
        assert await stores.sign_ins.expired_sessions(NOW + 3650, 3600) == [("s1", "li")]

    async def test_a_session_ends_once_and_whoever_comes_later_is_told_so(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        assert await stores.sign_ins.end_session("s1", "logged_out", NOW, {}) == []
        assert await stores.sign_ins.end_session("s1", "expired", NOW + 1, {}) is None
        assert await stores.sign_ins.end_session("unknown", "expired", NOW + 1, {}) is None

    async def test_nothing_begins_in_what_has_ended(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in())
        await stores.sign_ins.end_session("s1", "logged_out", NOW + 5, {})
        assert await stores.sign_ins.enter(sign_in("sid2")) is None
        assert await stores.sign_ins.get("sid2") is None
        assert not await stores.grants.issue(grant(), "code")
        assert await stores.grants.get("g1") is None

    async def test_a_session_that_ends_takes_its_sign_ins_and_grants_along(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        for client_id in ("alpha", "beta"):
            await stores.sign_ins.enter(sign_in(f"sid-{client_id}", client_id))
        await stores.grants.issue(grant("online", "sid-alpha"), "c1")
        await stores.grants.issue(grant("offline", "sid-alpha", offline=True), "c2")
        await stores.grants.redeem("online", NOW, "refresh", NOW + 100)
        ended = await stores.sign_ins.end_session("s1", "logged_out", NOW + 5, URIS)
        assert ended is not None
        assert {one.client_id for one in ended} == {"alpha", "beta"}
        assert await stores.sessions.live("s1", NOW + 6) is None
        assert await stores.sign_ins.of_session("s1") == []
        [delivery] = await stores.deliveries.of_person("li", 10)
        assert (delivery.client_id, delivery.sid, delivery.sub) == ("alpha", "sid-alpha", "sub at alpha")
        online, offline = await stores.grants.get("online"), await stores.grants.get("offline")
        assert online is not None
        assert offline is not None
        assert (online.revoked_at, offline.revoked_at) == (NOW + 5, None)
        token = await stores.grants.by_refresh_token("refresh")
        assert token is not None
        assert token.sign_in_ended

    async def test_a_successor_takes_over_what_its_session_had(self, stores: Stores) -> None:
        await stores.sessions.start(session("old"))
        await stores.sessions.start(session("new"))
        await stores.sign_ins.enter(sign_in("sid1", "alpha", "old"))
        await stores.sessions.succeed("old", "new", NOW)
        assert [one.sid for one in await stores.sign_ins.of_session("new")] == ["sid1"]
        assert await stores.sessions.live_successor("old", NOW) == session("new")
        assert await stores.sessions.live_successor("new", NOW) == session("new")
        assert await stores.sessions.live("old", NOW) is None

    async def test_consent_is_given_withdrawn_and_given_again(self, stores: Stores) -> None:
        await stores.consents.give("li", "alpha", {"profile": "legal_duty", "phone": "consent"}, NOW)
        assert await stores.consents.given("li", "alpha") == {"profile": "legal_duty", "phone": "consent"}
        assert await stores.consents.given("li", "beta") == {}
        assert await stores.consents.withdraw("li", "alpha", NOW + 1)
        assert not await stores.consents.withdraw("li", "alpha", NOW + 2)
        assert await stores.consents.given("li", "alpha") == {"profile": "legal_duty"}
        await stores.consents.give("li", "alpha", {"phone": "consent"}, NOW + 3)
        assert await stores.consents.given("li", "alpha") == {"profile": "legal_duty", "phone": "consent"}

    async def test_a_delivery_waits_for_its_time_and_for_the_lease_of_who_took_it(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in())
        await stores.sign_ins.end(["sid1"], "test", NOW, URIS)
        [first] = await stores.deliveries.claim(NOW, 30, 10)
        assert first.attempts == 1
        # Whoever took it may have died: after the lease it is there again.
        assert await stores.deliveries.claim(NOW + 29.9, 30, 10) == []
        [again] = await stores.deliveries.claim(NOW + 30, 30, 10)
        await stores.deliveries.retry(again.delivery_id, NOW + 100, "http_503")
        assert await stores.deliveries.claim(NOW + 99.9, 30, 10) == []
        [last] = await stores.deliveries.claim(NOW + 100, 30, 10)
        assert (last.attempts, last.outcome) == (3, "http_503")
        assert await stores.deliveries.backlog() == Backlog(1, NOW)
        await stores.deliveries.done(last.delivery_id, NOW + 101, "http_200")
        assert await stores.deliveries.backlog() == Backlog(0, None)
        assert await stores.deliveries.claim(NOW + 10_000, 30, 10) == []

    async def test_the_delay_grows_to_a_minute_and_is_forgotten(self, stores: Stores) -> None:
        now = NOW
        delays: list[float] = []
        for _ in range(12):
            assert await stores.login_failures.attempt("li", "::1", now) == 0.0
            if len(delays) < 2:
                delays.append(0.0)
                continue
            # An attempt that has to wait is told how long, and counts nothing.
            delays.append(await stores.login_failures.attempt("li", "::1", now))
            assert await stores.login_failures.attempt("li", "::1", now + delays[-1] - 0.5) == 0.5
            now += delays[-1]
        assert delays == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        assert await stores.login_failures.attempt("li", "::2", now) == 0.0
        assert await stores.login_failures.attempt("wang", "::1", now) == 0.0
        await stores.login_failures.clear("li", "::1")
        assert [await stores.login_failures.attempt("li", "::1", now) for _ in range(2)] == [0.0, 0.0]

    async def test_a_nul_is_no_fault(self, stores: Stores) -> None:
        assert await stores.registered_clients.get("\0") is None
        assert await stores.interactions.get("i\0") is None
        assert [await stores.assertions.use("alpha", "j\0ti", NOW + 60) for _ in range(2)] == [True, False]
        await stores.audit.record(AuditEvent(NOW, "event", "a\0", None, "\0", "nul", {"why": "\0"}))
        [kept] = await stores.audit.latest(1, None, "nul")
        assert kept.detail == {"why": "\0"}

    async def test_events_come_back_newest_first(self, stores: Stores) -> None:
        for number in range(3):
            event = AuditEvent(NOW, f"event.{number % 2}", "alpha", "li", None, f"incident-{number}", {"why": "因为"})
            await stores.audit.record(event)
        assert [one.incident for one in await stores.audit.latest(2)] == ["incident-2", "incident-1"]
        assert [one.incident for one in await stores.audit.latest(9, "event.0")] == ["incident-2", "incident-0"]
        [found] = await stores.audit.latest(9, None, "incident-1")
        assert found.detail == {"why": "因为"}

    async def test_keys_rotate_in_one_step_and_only_retired_ones_go(self, stores: Stores) -> None:
        await stores.keys.add([stored_key("a", "current"), stored_key("b", "next")])
        await stores.keys.rotate("ES256", stored_key("c", "next", NOW + 1), NOW + 1)
        assert {key.kid: key.state for key in await stores.keys.all()} == {"a": "retired", "b": "current", "c": "next"}
        await stores.keys.remove("b")
        await stores.keys.remove("a")
        assert {key.kid for key in await stores.keys.all()} == {"b", "c"}
        assert (await stores.keys.all())[0].private == b"\x00sealed"

    async def test_the_sweep_leaves_what_is_still_needed(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in())
        await stores.grants.issue(grant(offline=True), "code")
        await stores.grants.redeem("g1", NOW, "first", NOW + 30 * 86400)
        await stores.grants.rotate("first", "second", NOW + 60 * 86400, NOW + 30 * 86400 - 1)
        await stores.assertions.use("alpha", "jti", NOW + 60)
        await stores.upkeep.sweep(NOW + 59)
        assert not await stores.assertions.use("alpha", "jti", NOW + 60)
        await stores.upkeep.sweep(NOW + 59 * 86400)
        assert await stores.grants.by_refresh_token("second") is not None
        await stores.upkeep.sweep(NOW + 90 * 86400)
        assert await stores.grants.by_refresh_token("second") is None
        assert await stores.grants.get("g1") is None

    async def test_what_was_kept_is_there_after_a_restart(self, stores: Stores, reopen: Reopen) -> None:
        await stores.people.add(person(), "hash")
        await stores.grants.issue(grant(), "code")
        await stores.upkeep.close()
        again = await reopen()
        assert await again.people.by_id("li") == person()
        assert await again.grants.get("g1") == grant()
        await again.upkeep.close()
