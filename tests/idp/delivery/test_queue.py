"""The queue of logout tokens: Back-Channel Logout 2.5 to 2.8, and what protocol.md says about failing log-outs."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler

import pytest

import idp.delivery.queue
from idp.audit import Event
from idp.delivery.queue import LONGEST_BACKOFF_SECONDS, Outgoing, backoff
from idp.model import Delivery
from tests.idp.delivery.conftest import GIVE_UP, Post, as_queued
from tests.listener import Reply
from tests.replaced import replace
from web.unavailable import StoreUnavailable


async def test_a_logout_token_is_posted_as_a_form_backchannel_2_5(post: Post) -> None:
    queue = await post.queue()
    await post.put("alpha", "sid1")
    queue.wake()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")
    [received] = post.listener.received("/alpha")
    assert received.method == "POST"
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["host"] == f"alpha.localhost:{post.listener.port}"
    assert received.form == {"logout_token": "token of sid1"}
    [row] = await post.rows()
    assert (row.state, row.outcome, row.attempts) == ("delivered", "http_200", 1)


@pytest.mark.parametrize("status", [200, 204])
async def test_these_answers_end_a_delivery_backchannel_2_8(post: Post, status: int) -> None:
    post.listener.replies["/alpha"] = Reply(status)
    await post.put("alpha", "sid1")
    await post.queue()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")


@pytest.mark.parametrize("status", [201, 202, 301, 302, 400, 401, 404, 500, 503])
async def test_after_any_other_answer_it_is_tried_again_and_no_redirect_followed(post: Post, status: int) -> None:
    post.listener.replies["/alpha"] = Reply(status, headers=(("location", "/elsewhere"),))
    await post.put("alpha", "sid1")
    await post.queue()
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    [row] = await post.rows()
    assert (row.state, row.outcome) == ("pending", f"http_{status}")
    assert post.listener.received("/elsewhere") == []


async def test_the_wait_doubles_up_to_its_longest_by_the_clock(post: Post) -> None:
    post.listener.replies["/alpha"] = Reply(503)
    await post.put("alpha", "sid1")
    queue = await post.queue()
    for attempt, wait in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
        queue.wake()
        assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
        [row] = await post.rows()
        assert row.attempts == attempt
        assert wait <= row.next_at - post.clock() <= wait * 1.1
        if attempt == 7:
            post.listener.replies["/alpha"] = Reply(200)
        post.clock.now = row.next_at
    queue.wake()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")


def test_no_number_of_attempts_makes_the_wait_longer() -> None:
    assert [backoff(attempts, 0.0) for attempts in (1, 2, 5, 6, 7, 10_000)] == [1, 2, 16, 30, 30, 30]
    assert backoff(10_000, 1.0) <= LONGEST_BACKOFF_SECONDS * 1.1


async def test_it_is_given_up_in_the_end_and_that_can_be_seen(post: Post) -> None:
    post.listener.replies["/alpha"] = Reply(503)
    await post.put("alpha", "sid1")
    queue = await post.queue()
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    post.clock.advance(GIVE_UP + 1)
    queue.wake()
    assert await post.next() == (Event.LOGOUT_GIVEN_UP, "alpha")
    [row] = await post.rows()
    assert (row.state, row.outcome, row.finished_at) == ("given_up", "http_503", post.clock())


async def test_what_was_not_delivered_survives_a_restart(post: Post) -> None:
    await post.put("alpha", "sid1", "http://alpha.localhost:9/nobody-listens")
    stopped = post.open()
    await post.queue(stopped)
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    await post.stack.aclose()
    post.stores = post.open()
    [row] = await post.rows()
    assert (row.state, row.attempts) == ("pending", 1)
    post.clock.advance(2)
    await post.queue()
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")


async def test_what_was_being_sent_at_a_crash_is_sent_again_after_its_lease(post: Post) -> None:
    await post.put("alpha", "sid1")
    assert len(await post.stores.deliveries.claim(post.clock(), idp.delivery.queue.LEASE_SECONDS, 10)) == 1
    queue = await post.queue()
    post.clock.advance(idp.delivery.queue.LEASE_SECONDS)
    queue.wake()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")


async def test_what_was_sent_while_the_database_went_away_is_sent_again_after_its_lease(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = asyncio.Event()

    async def done(delivery_id: int, now: float, outcome: str) -> None:
        away.set()
        raise StoreUnavailable("The database is away.")

    await post.put("alpha", "sid1")
    with monkeypatch.context() as patch:
        patch.setattr(post.stores.deliveries, "done", done)
        queue = await post.queue()
        async with asyncio.timeout(20):
            await away.wait()
    post.clock.advance(idp.delivery.queue.LEASE_SECONDS)
    queue.wake()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")
    [row] = await post.rows()
    assert (row.state, row.attempts) == ("delivered", 2)


async def test_two_queues_on_one_store_send_each_token_once(post: Post) -> None:
    for number in range(40):
        await post.put("alpha", f"sid{number}")
    queues = [await post.queue(post.open()) for _ in range(2)]
    for queue in queues:
        queue.wake()
    assert [await post.next() for _ in range(40)] == [(Event.LOGOUT_DELIVERED, "alpha")] * 40
    sent = [received.form["logout_token"] for received in post.listener.received("/alpha")]
    assert sorted(sent) == sorted({f"token of sid{number}" for number in range(40)})


async def test_a_slow_client_holds_up_no_other(post: Post) -> None:
    release = threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        release.wait(20)
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    post.listener.replies["/slow"] = Reply(write=wait)
    await post.put("slow", "sid1")
    await post.queue()
    await asyncio.to_thread(post.listener.wait, "/slow")
    for number in range(3):
        await post.put("alpha", f"quick{number}")
    assert [await post.next() for _ in range(3)] == [(Event.LOGOUT_DELIVERED, "alpha")] * 3
    release.set()
    assert await post.next() == (Event.LOGOUT_DELIVERED, "slow")


@pytest.mark.parametrize("what", ["answer", "header"])
async def test_a_client_that_never_finishes_is_left_within_the_limit_and_before_the_lease_ends(
    post: Post, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    assert idp.delivery.queue.SEND_SECONDS < idp.delivery.queue.LEASE_SECONDS
    monkeypatch.setattr(idp.delivery.queue, "SEND_SECONDS", 0.3)
    release = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 500 Slow\r\n")
            if what == "answer":
                handler.wfile.write(b"content-length: 100000\r\n\r\n")
            while not release.wait(0.05):
                handler.wfile.write(b"x: y\r\n" if what == "header" else b"x")
        except OSError:
            return

    post.listener.replies["/alpha"] = Reply(write=drip)
    await post.put("alpha", "sid1")
    await post.queue()
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    release.set()


async def test_one_that_cannot_be_made_is_tried_again_and_harms_no_other(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    async def prepare(delivery: Delivery) -> Outgoing:
        if delivery.client_id == "gone":
            raise LookupError("gone is registered no more.")
        return await as_queued(delivery)

    await post.put("gone", "sid1")
    await post.put("alpha", "sid2")
    await post.queue(prepare=prepare)
    told = {await post.next(), await post.next()}
    assert told == {(Event.LOGOUT_FAILED, "gone"), (Event.LOGOUT_DELIVERED, "alpha")}
    assert [row.outcome for row in await post.rows()] == ["internal_error", "http_200"]
    assert "gone is registered no more" in caplog.text


async def test_a_client_that_registered_itself_leads_nothing_into_our_own_network(post: Post) -> None:
    async def prepare(delivery: Delivery) -> Outgoing:
        return replace(await as_queued(delivery), trusted=delivery.client_id == "beta")

    await post.put("alpha", "sid1")
    await post.put("beta", "sid2")
    await post.queue(prepare=prepare)
    assert {await post.next(), await post.next()} == {(Event.LOGOUT_FAILED, "alpha"), (Event.LOGOUT_DELIVERED, "beta")}
    assert [row.outcome for row in await post.rows()] == ["fetch.address", "http_200"]
    assert post.listener.received("/alpha") == []


async def test_a_client_that_is_down_holds_up_no_other_however_much_waits_for_it(post: Post) -> None:
    for number in range(400):
        await post.put("alpha", f"down{number}", "http://alpha.localhost:9/nobody-listens")
    post.clock.advance(1)
    await post.put("beta", "sid1")
    queue = await post.queue()
    queue.wake()
    noted = [await post.next() for _ in range(9)]
    assert (Event.LOGOUT_DELIVERED, "beta") in noted
    # After it failed it is tried once in a while, with one delivery alone.
    assert sum(row.attempts for row in await post.rows()) <= 10


async def test_when_a_client_is_back_it_gets_all_that_waited(post: Post) -> None:
    post.listener.replies["/alpha"] = Reply(503)
    for number in range(30):
        await post.put("alpha", f"sid{number}")
    queue = await post.queue()
    queue.wake()
    for _ in range(8):
        assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    post.listener.replies["/alpha"] = Reply(200)
    post.clock.advance(3)
    queue.wake()
    assert [await post.next() for _ in range(30)] == [(Event.LOGOUT_DELIVERED, "alpha")] * 30


async def test_a_logout_token_goes_where_the_client_is_registered_now(post: Post) -> None:
    async def as_registered(delivery: Delivery) -> Outgoing:
        return replace(await as_queued(delivery), uri=post.uri(delivery.client_id))

    await post.put("alpha", "sid1", "http://alpha.localhost:9/where-a-command-thought-it-was")
    await post.queue(prepare=as_registered)
    assert await post.next() == (Event.LOGOUT_DELIVERED, "alpha")


async def test_whoever_logs_out_waits_until_each_client_was_tried_once_and_for_no_silent_one(post: Post) -> None:
    await post.put("alpha", "sid1")
    queue = await post.queue()
    queue.wake()
    await queue.settle("session of sid1")
    [row] = await post.rows()
    assert row.state == "delivered"
    release = threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        release.wait(20)
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    post.listener.replies["/alpha"] = Reply(write=wait)
    await post.put("alpha", "sid2")
    queue.wake()
    # Comes back although nothing was answered.
    await queue.settle("session of sid2")
    assert [row.state for row in await post.rows()] == ["delivered", "pending"]
    release.set()


async def test_whoever_logs_out_does_not_wait_for_a_client_that_is_known_to_be_down(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that this test would not end if somebody waited.
    monkeypatch.setattr(idp.delivery.queue, "SETTLE_SECONDS", 1000.0)
    post.listener.replies["/alpha"] = Reply(500)
    await post.put("alpha", "sid1")
    queue = await post.queue()
    assert await post.next() == (Event.LOGOUT_FAILED, "alpha")
    await post.put("alpha", "sid2")
    await queue.settle("session of sid2")
    assert [(row.state, row.outcome) for row in await post.rows()] == [("pending", "http_500"), ("pending", None)]


async def test_whoever_logs_out_goes_on_as_soon_as_each_client_was_tried(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idp.delivery.queue, "SETTLE_SECONDS", 1000.0)
    await post.put("alpha", "sid1")
    queue = await post.queue()
    async with asyncio.timeout(20):
        await queue.settle("session of sid1")
        assert [row.state for row in await post.rows()] == ["delivered"]
        await queue.settle("session of sid1")
