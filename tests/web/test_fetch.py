"""What clients hand in is asked for in one guarded way: how it is asked, what is an answer, and how much of it."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from typing import Any

import pytest

from tests.listener import Listener, Reply
from tests.web.fetching import KIB, NOWHERE, Held, MakeFetcher, Serve, answers, get, refused
from web.fetch import MOST_AT_ONCE, MOST_OF_ONE_HOST, FetchRefused


async def test_what_is_there_is_had_and_asked_for_plainly(make_fetcher: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}", "Application/JSON; charset=utf-8", (("set-cookie", "a=b; Path=/"),))
    fetcher = make_fetcher()
    for _ in range(2):
        assert await get(fetcher, f"http://client.localhost:{listener.port}/a?b=c%2Fd") == b"{}"
    first, second = listener.received("/a")
    assert first.headers["host"] == f"client.localhost:{listener.port}"
    assert first.headers["accept-encoding"] == "identity"
    assert "cookie" not in second.headers


async def test_a_form_is_posted_and_its_status_told(make_fetcher: MakeFetcher, listener: Listener) -> None:
    listener.replies["/out"] = Reply(204, headers=(("set-cookie", "a=b"),))
    uri = f"http://client.localhost:{listener.port}/out"
    fetcher = make_fetcher()
    for _ in range(2):
        assert await fetcher.post(uri, {"logout_token": "a b"}, seconds=5) == 204
    assert [one.form for one in listener.received("/out")] == [{"logout_token": "a b"}] * 2
    assert "cookie" not in listener.received("/out")[1].headers
    with pytest.raises(FetchRefused) as why:
        await make_fetcher(NOWHERE).post(uri, {"logout_token": "a b"}, seconds=5)
    assert why.value.code == "fetch.address"
    assert len(listener.received("/out")) == 2


async def test_a_proxy_of_the_environment_is_not_asked(
    make_fetcher: MakeFetcher, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    listener.replies["/a"] = Reply(200, b"{}")
    assert await get(make_fetcher(), f"http://client.localhost:{listener.port}/a") == b"{}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 300])
async def test_no_redirect_is_followed(make_fetcher: MakeFetcher, listener: Listener, status: int) -> None:
    listener.replies["/a"] = Reply(status, headers=(("location", f"http://127.0.0.1:{listener.port}/private"),))
    assert await refused(make_fetcher(), f"http://client.localhost:{listener.port}/a", trusted=True) == "fetch.redirect"
    assert listener.received("/private") == []


@pytest.mark.parametrize("status", [201, 204, 206, 400, 404, 500])
async def test_only_200_is_an_answer(make_fetcher: MakeFetcher, listener: Listener, status: int) -> None:
    listener.replies["/a"] = Reply(status)
    assert await refused(make_fetcher(), f"http://client.localhost:{listener.port}/a") == "fetch.status"


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "", "application/jsonp", "x;application/json"])
async def test_another_media_type_is_refused_where_one_is_wanted(
    make_fetcher: MakeFetcher, listener: Listener, media_type: str
) -> None:
    listener.replies["/a"] = Reply(200, b"{}", media_type)
    uri = f"http://client.localhost:{listener.port}/a"
    assert await refused(make_fetcher(), uri) == "fetch.type"
    assert await get(make_fetcher(), uri, media_types=None) == b"{}"


async def test_a_compressed_answer_is_not_unpacked(make_fetcher: MakeFetcher, listener: Listener) -> None:
    bomb = gzip.compress(bytes(10 * KIB * KIB))
    assert len(bomb) < 64 * KIB
    listener.replies["/a"] = Reply(200, bomb, headers=(("content-encoding", "gzip"),))
    assert await refused(make_fetcher(), f"http://client.localhost:{listener.port}/a") == "fetch.type"


@pytest.mark.parametrize("length", [64 * KIB, 64 * KIB + 1, 10 * KIB * KIB])
async def test_a_body_may_be_as_long_as_said_and_no_longer(
    make_fetcher: MakeFetcher, serve: Serve, length: int
) -> None:
    uri = f"http://client.localhost:{await serve(answers(b' ' * length))}/"
    if length == 64 * KIB:
        assert len(await get(make_fetcher(), uri)) == length
    else:
        assert await refused(make_fetcher(), uri) == "fetch.too_large"


async def test_a_body_without_end_is_left(make_fetcher: MakeFetcher, serve: Serve) -> None:
    left = asyncio.Event()

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"400\r\n" + b" " * KIB + b"\r\n")
                await writer.drain()
        finally:
            left.set()

    assert await refused(make_fetcher(), f"http://client.localhost:{await serve(endless)}/") == "fetch.too_large"
    async with asyncio.timeout(5):
        await left.wait()


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"])
async def test_an_answer_that_drips_ends_in_time(make_fetcher: MakeFetcher, serve: Serve, begins: bytes) -> None:
    async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        # Each byte comes well within any limit of a single read.
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    uri = f"http://client.localhost:{await serve(drips)}/"
    async with asyncio.timeout(10):
        assert await refused(make_fetcher(), uri, seconds=0.3, media_types=None) == "fetch.too_slow"


async def test_silence_ends_in_time(make_fetcher: MakeFetcher, serve: Serve) -> None:
    uri = f"http://client.localhost:{await serve(Held())}/"
    fetcher = make_fetcher()
    assert await refused(fetcher, uri, seconds=0.2) == "fetch.too_slow"
    with pytest.raises(FetchRefused) as why:
        await fetcher.post(uri, {"a": "b"}, seconds=0.2)
    assert why.value.code == "fetch.too_slow"


async def test_a_host_that_hangs_holds_up_no_other(make_fetcher: MakeFetcher, serve: Serve, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    held = Held()
    slow = f"http://slow.localhost:{await serve(held)}/"
    fetcher = make_fetcher()
    waiting = [asyncio.create_task(get(fetcher, slow)) for _ in range(MOST_AT_ONCE * 2)]
    await held.wait(MOST_OF_ONE_HOST)
    assert await get(fetcher, f"http://other.localhost:{listener.port}/a") == b"{}"
    assert held.here == MOST_OF_ONE_HOST
    # Whoever waits for a place gives up in time, too.
    assert await refused(fetcher, slow, seconds=0.1) == "fetch.too_slow"
    held.release()
    assert await asyncio.gather(*waiting) == [b"{}"] * len(waiting)


async def test_strangers_that_hang_hold_up_none_of_the_operators(
    make_fetcher: MakeFetcher, serve: Serve, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    held = Held()
    port = await serve(held)
    fetcher = make_fetcher()
    slow = [f"http://slow{number}.localhost:{port}/" for number in range(MOST_AT_ONCE)]
    waiting = [asyncio.create_task(get(fetcher, uri)) for uri in slow]
    await held.wait(MOST_AT_ONCE)
    uri = f"http://portal.localhost:{listener.port}/a"
    assert await refused(fetcher, uri, seconds=0.1) == "fetch.too_slow"
    assert await get(fetcher, uri, trusted=True) == b"{}"
    held.release()
    assert await asyncio.gather(*waiting) == [b"{}"] * len(waiting)
    assert await get(fetcher, uri) == b"{}"


async def test_a_name_that_is_looked_up_slowly_blocks_nobody_and_one_thread(
    make_fetcher: MakeFetcher, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    answer, asked = threading.Event(), []

    def lookup(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if host == "slow.example":
            answer.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr("web.lookup.socket.getaddrinfo", lookup)
    fetcher = make_fetcher()
    try:
        for _ in range(2):
            codes = await asyncio.gather(*(refused(fetcher, "http://slow.example/", seconds=0.2) for _ in range(10)))
            assert set(codes) == {"fetch.too_slow"}
        assert asked == ["slow.example"]
        assert await get(fetcher, f"http://quick.example:{listener.port}/a") == b"{}"
    finally:
        answer.set()
