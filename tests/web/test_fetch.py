"""What clients hand in is asked for in one guarded way: real servers on loopback, each rule by itself."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.listener import Listener, Reply
from web.connect import DEFAULT_MAP, ConnectMap
from web.fetch import MOST_AT_ONCE, MOST_OF_ONE_HOST, Fetcher, FetchRefused
from web.guard import Guard
from web.tls import LocalAuthority, client_context, server_context

HERE = Guard.parse("127.0.0.1/32")
NOWHERE = Guard()
KIB = 1024
JSON = ("application/json",)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[..., Awaitable[int]]
MakeFetcher = Callable[..., Fetcher]


class Names:
    """A resolver that answers from a list, the last answer for ever, and counts how often it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def make() -> AsyncIterator[MakeFetcher]:
    """Makes fetchers; unless told, one that may ask at 127.0.0.1, and at nothing else of this machine."""
    async with AsyncExitStack() as stack:

        def made(guard: Guard = HERE, trust: ssl.SSLContext | bool = False, **options: Any) -> Fetcher:
            fetcher = Fetcher(ConnectMap.parse(DEFAULT_MAP), guard, trust, **options)
            stack.push_async_callback(fetcher.close)
            return fetcher

        yield made


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that answer each connection by a handler of the test's, and ends them with the test."""
    async with AsyncExitStack() as stack:

        async def started(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
            running: set[asyncio.Task[Any]] = set()

            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                running.add(asyncio.current_task())  # type: ignore[arg-type]
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await reader.readuntil(b"\r\n\r\n")
                    await handler(reader, writer)
                writer.close()

            async def stop() -> None:
                server.close()
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

            server = await asyncio.start_server(connected, host, 0, ssl=tls)
            stack.push_async_callback(stop)
            return int(server.sockets[0].getsockname()[1])

        yield started


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running


def answers(body: bytes, *headers: str, status: str = "200 OK") -> Handler:
    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "content-type: application/json", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    return handler


async def get(fetcher: Fetcher, uri: str, **options: Any) -> bytes:
    return await fetcher.get(uri, **{"limit": 64 * KIB, "seconds": 5.0, "media_types": JSON, **options})


async def refused(fetcher: Fetcher, uri: str, **options: Any) -> str:
    with pytest.raises(FetchRefused) as why:
        await get(fetcher, uri, **options)
    text = why.value.text
    assert text.isascii()
    assert text.lower().startswith(uri[:5].lower())
    assert text.endswith(".")
    return why.value.code


async def test_what_is_there_is_had_and_asked_for_plainly(make: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}", "Application/JSON; charset=utf-8", (("set-cookie", "a=b; Path=/"),))
    fetcher = make()
    for _ in range(2):
        assert await get(fetcher, f"http://client.localhost:{listener.port}/a?b=c%2Fd") == b"{}"
    first, second = listener.received("/a")
    assert first.headers["host"] == f"client.localhost:{listener.port}"
    assert first.headers["accept-encoding"] == "identity"
    assert "cookie" not in second.headers


async def test_a_form_is_posted_and_its_status_told(make: MakeFetcher, listener: Listener) -> None:
    listener.replies["/out"] = Reply(204, headers=(("set-cookie", "a=b"),))
    uri = f"http://client.localhost:{listener.port}/out"
    fetcher = make()
    for _ in range(2):
        assert await fetcher.post(uri, {"logout_token": "a b"}, seconds=5) == 204
    assert [one.form for one in listener.received("/out")] == [{"logout_token": "a b"}] * 2
    assert "cookie" not in listener.received("/out")[1].headers
    with pytest.raises(FetchRefused) as why:
        await make(NOWHERE).post(uri, {"logout_token": "a b"}, seconds=5)
    assert why.value.code == "fetch.address"
    assert len(listener.received("/out")) == 2


async def test_a_proxy_of_the_environment_is_not_asked(
    make: MakeFetcher, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    listener.replies["/a"] = Reply(200, b"{}")
    assert await get(make(), f"http://client.localhost:{listener.port}/a") == b"{}"


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "ftp://client.localhost/",
        "gopher://client.localhost/",
        "//client.localhost/",
        "client.localhost/jwks",
        "http:client.localhost",
        "http:///jwks",
        "http://:80/",
        "http://client.localhost:0/",
        "http://client.localhost:65536/",
        "http://client.localhost:-1/",
        "http://client.localhost:80:80/",
        "http://user@client.localhost/",
        "http://user:secret@client.localhost/",
        "http://@client.localhost/",
        "http://client.example\\@client.localhost/",
        "http://client.localhost/#",
        "http://client.localhost/#keys",
        "http://client.localhost/a b",
        "http://client.localhost/\r\nx: y",
        "http://client..localhost/",
        "http://.localhost/",
        "http://%31%32%37.0.0.1/",
        "http://0177.0.0.1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://门户.localhost/",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
        "http://" + "a" * 64 + ".localhost/",
        "http://" + "a." * 130 + "localhost/",
        "http://client.localhost/" + "\u00e9" * 300,
    ],
)
async def test_what_is_no_plain_uri_of_a_host_is_not_asked(make: MakeFetcher, uri: str) -> None:
    names = Names(["127.0.0.1"])
    assert await refused(make(resolve=names), uri, trusted=True) == "fetch.uri"
    assert names.asked == []


async def test_the_sentence_holds_little_of_a_long_uri(make: MakeFetcher) -> None:
    with pytest.raises(FetchRefused) as why:
        await get(make(), 'http://client.localhost/"\\\n' + "\u95e8" * 5000)
    assert why.value.text.startswith("http://client.localhost/???????")
    assert len(why.value.text) < 300


async def test_https_alone_where_it_is_said_so_but_not_for_the_operators_own(
    make: MakeFetcher, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    uri = f"http://client.localhost:{listener.port}/a"
    fetcher = make(https_only=True)
    assert await refused(fetcher, uri) == "fetch.uri"
    assert await get(fetcher, uri, trusted=True) == b"{}"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "client.localhost", "CLIENT.LocalHost", "client.localhost.", "127.0.0.1."),
        *("2130706433", "0x7f.1", "0x7f000001", "127.1", "017700000001", "0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"),
    ],
)
async def test_an_address_that_is_not_public_is_not_dialled_however_it_is_spelled(
    make: MakeFetcher, listener: Listener, host: str
) -> None:
    assert await refused(make(NOWHERE), f"http://{host}:{listener.port}/a") == "fetch.address"
    assert listener.received("/a") == []


async def test_what_the_operator_registered_may_lead_anywhere(make: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    uri = f"http://client.localhost:{listener.port}/a"
    assert await get(make(NOWHERE), uri, trusted=True) == b"{}"
    assert await get(make(Guard.parse("client.localhost")), uri) == b"{}"


@pytest.mark.parametrize("addresses", [["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"], ["2606:4700::1111", "::1"]])
async def test_a_host_that_is_public_and_private_at_once_is_not_asked(make: MakeFetcher, addresses: list[str]) -> None:
    assert await refused(make(resolve=Names(addresses)), "http://mixed.example/") == "fetch.address"


async def test_a_name_is_resolved_once_and_what_was_judged_is_dialled(make: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    fetcher = make(resolve=names)
    # No resolver but this one knows the name: had anything asked again, there would be no answer.
    assert await get(fetcher, f"http://rebinds.example:{listener.port}/a") == b"{}"
    assert names.asked == ["rebinds.example"]
    assert await refused(fetcher, f"http://rebinds.example:{listener.port}/a") == "fetch.address"
    assert len(listener.received("/a")) == 1


async def test_where_one_address_is_silent_the_next_is_tried(make: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    guard = Guard.parse("127.0.0.0/8")
    fetcher = make(guard, resolve=Names(["127.0.0.2", "127.0.0.1"]))
    assert await get(fetcher, f"http://two.example:{listener.port}/a") == b"{}"


async def test_a_host_without_address_or_server_is_unreachable(make: MakeFetcher, listener: Listener) -> None:
    assert await refused(make(resolve=Names([])), "http://nobody.example/") == "fetch.unreachable"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await refused(make(), f"http://a.localhost:{taken.getsockname()[1]}/") == "fetch.unreachable"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 300])
async def test_no_redirect_is_followed(make: MakeFetcher, listener: Listener, status: int) -> None:
    listener.replies["/a"] = Reply(status, headers=(("location", f"http://127.0.0.1:{listener.port}/private"),))
    assert await refused(make(), f"http://client.localhost:{listener.port}/a", trusted=True) == "fetch.redirect"
    assert listener.received("/private") == []


@pytest.mark.parametrize("status", [201, 204, 206, 400, 404, 500])
async def test_only_200_is_an_answer(make: MakeFetcher, listener: Listener, status: int) -> None:
    listener.replies["/a"] = Reply(status)
    assert await refused(make(), f"http://client.localhost:{listener.port}/a") == "fetch.status"


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "", "application/jsonp", "x;application/json"])
async def test_another_media_type_is_refused_where_one_is_wanted(
    make: MakeFetcher, listener: Listener, media_type: str
) -> None:
    listener.replies["/a"] = Reply(200, b"{}", media_type)
    uri = f"http://client.localhost:{listener.port}/a"
    assert await refused(make(), uri) == "fetch.type"
    assert await get(make(), uri, media_types=None) == b"{}"


async def test_a_compressed_answer_is_not_unpacked(make: MakeFetcher, listener: Listener) -> None:
    bomb = gzip.compress(bytes(10 * KIB * KIB))
    assert len(bomb) < 64 * KIB
    listener.replies["/a"] = Reply(200, bomb, headers=(("content-encoding", "gzip"),))
    assert await refused(make(), f"http://client.localhost:{listener.port}/a") == "fetch.type"


@pytest.mark.parametrize("length", [64 * KIB, 64 * KIB + 1, 10 * KIB * KIB])
async def test_a_body_may_be_as_long_as_said_and_no_longer(make: MakeFetcher, serve: Serve, length: int) -> None:
    uri = f"http://client.localhost:{await serve(answers(b' ' * length))}/"
    if length == 64 * KIB:
        assert len(await get(make(), uri)) == length
    else:
        assert await refused(make(), uri) == "fetch.too_large"


async def test_a_body_without_end_is_left(make: MakeFetcher, serve: Serve) -> None:
    left = asyncio.Event()

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"400\r\n" + b" " * KIB + b"\r\n")
                await writer.drain()
        finally:
            left.set()

    assert await refused(make(), f"http://client.localhost:{await serve(endless)}/") == "fetch.too_large"
    async with asyncio.timeout(5):
        await left.wait()


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"])
async def test_an_answer_that_drips_ends_in_time(make: MakeFetcher, serve: Serve, begins: bytes) -> None:
    async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    uri = f"http://client.localhost:{await serve(drips)}/"
    assert await refused(make(), uri, seconds=0.3, media_types=None) in ("fetch.too_slow", "fetch.unreachable")
    async with asyncio.timeout(2):
        assert await refused(make(), uri, seconds=0.3, media_types=None)


async def test_silence_ends_in_time(make: MakeFetcher, serve: Serve) -> None:
    uri = f"http://client.localhost:{await serve(hangs)}/"
    fetcher = make()
    assert await refused(fetcher, uri, seconds=0.2) == "fetch.too_slow"
    with pytest.raises(FetchRefused) as why:
        await fetcher.post(uri, {"a": "b"}, seconds=0.2)
    assert why.value.code == "fetch.too_slow"


async def hangs(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_a_host_that_hangs_holds_up_no_other(make: MakeFetcher, serve: Serve, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    here, there = 0, asyncio.Event()

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal here
        here += 1
        there.set()
        await hangs(reader, writer)

    slow = f"http://slow.localhost:{await serve(counts)}/"
    fetcher = make()
    waiting = [asyncio.create_task(refused(fetcher, slow, seconds=0.5)) for _ in range(MOST_AT_ONCE * 2)]
    await there.wait()
    assert await get(fetcher, f"http://other.localhost:{listener.port}/a") == b"{}"
    assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == ["fetch.too_slow"] * len(waiting)
    assert here == MOST_OF_ONE_HOST


async def test_strangers_that_hang_hold_up_none_of_the_operators(
    make: MakeFetcher, serve: Serve, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    port = await serve(hangs)
    fetcher = make()
    slow = [f"http://slow{number}.localhost:{port}/" for number in range(MOST_AT_ONCE)]
    waiting = [asyncio.create_task(refused(fetcher, uri, seconds=0.5)) for uri in slow]
    await asyncio.sleep(0)
    uri = f"http://portal.localhost:{listener.port}/a"
    assert await refused(fetcher, uri, seconds=0.1) == "fetch.too_slow"
    assert await get(fetcher, uri, trusted=True) == b"{}"
    assert await asyncio.gather(*waiting) == ["fetch.too_slow"] * len(slow)
    assert await get(fetcher, uri) == b"{}"


async def test_a_name_that_is_looked_up_slowly_blocks_nobody_and_one_thread(
    make: MakeFetcher, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    answer, asked = threading.Event(), []

    def lookup(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if host == "slow.example":
            answer.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr("web.lookup.socket.getaddrinfo", lookup)
    fetcher = make()
    try:
        for _ in range(2):
            codes = await asyncio.gather(*(refused(fetcher, "http://slow.example/", seconds=0.2) for _ in range(10)))
            assert set(codes) == {"fetch.too_slow"}
        assert asked == ["slow.example"]
        assert await get(fetcher, f"http://quick.example:{listener.port}/a") == b"{}"
    finally:
        answer.set()


async def test_the_certificate_is_the_hosts_and_the_server_is_told_its_name(
    make: MakeFetcher, serve: Serve, tmp_path: Path
) -> None:
    authority = LocalAuthority(tmp_path)
    context = server_context(authority.certificate_for(["client.localhost", "::1"]))
    told: list[str | None] = []
    context.sni_callback = lambda _, name, __: told.append(name)
    port = await serve(answers(b"{}"), context)
    fetcher = make(trust=client_context(authority.certificate))
    assert await get(fetcher, f"https://client.localhost:{port}/") == b"{}"
    # The same address, so that a connection kept for the first host would have answered for the second.
    assert await refused(fetcher, f"https://other.localhost:{port}/") == "fetch.unreachable"
    assert await refused(fetcher, f"https://127.0.0.1:{port}/") == "fetch.unreachable"
    assert told == ["client.localhost", "other.localhost", None]
    assert await refused(make(trust=True), f"https://client.localhost:{port}/") == "fetch.unreachable"


async def test_an_address_of_version_6_is_dialled_where_it_is_allowed(make: MakeFetcher, serve: Serve) -> None:
    if not _speaks_6():
        return
    port = await serve(answers(b"{}"), host="::1")
    assert await get(make(Guard.parse("::1/128")), f"http://[0:0::1]:{port}/") == b"{}"
    assert await get(make(Guard.parse("::1"), resolve=Names(["::1"])), f"http://six.example:{port}/") == b"{}"
    assert await refused(make(), f"http://[::1]:{port}/") == "fetch.address"


def _speaks_6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as tried:
        tried.bind((str(ip_address("::1")), 0))
        return True
    return False
