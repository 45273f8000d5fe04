"""HTTP/1.1 as RFC 9112 wants a server to read it, and never more of it than will be used."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from threading import Event, Thread

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from web import serve
from web.http_protocol import HEAD_LIMIT

HEAD = b"POST / HTTP/1.1\r\nHost: a.example\r\n"


async def _told(request: Request) -> JSONResponse:
    body = await request.body()
    return JSONResponse({"body": body.decode(), "headers": [name.decode() for name, _ in request.headers.raw]})


async def _in_pieces(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one ", b"two ", b"three"):
            yield piece

    return StreamingResponse(pieces())


async def _breaks(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        raise RuntimeError("after the head")
        yield b""

    return StreamingResponse(pieces())


async def _splits(request: Request) -> PlainTextResponse:
    return PlainTextResponse("told", headers={request.query_params["name"]: "a\r\nset-cookie: b=c"})


async def _misjudges(request: Request) -> Response:
    return Response("told", headers={"content-length": request.query_params["length"]})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a service that tells what it was sent."""
    up, loop = Event(), asyncio.new_event_loop()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield

    routes = [Route("/", _told, methods=["GET", "POST"]), Route("/pieces", _in_pieces), Route("/breaks", _breaks)]
    routes += [Route("/splits", _splits), Route("/misjudges", _misjudges)]
    app = Starlette(routes=routes, lifespan=lifespan)
    sock = serve.bind("127.0.0.1", 0)
    number = sock.getsockname()[1]
    stopping = asyncio.Event()

    async def main() -> None:
        running = serve.Running(serve.Service("told", app, sock))
        await running.start()
        up.set()
        await stopping.wait()
        await running.stop()
        sock.close()

    thread = Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    assert up.wait(10)
    yield number
    loop.call_soon_threadsafe(stopping.set)
    thread.join(20)
    loop.close()


def said(port: int, *pieces: bytes) -> bytes:
    """Send the pieces and return all that comes until the server closes, or has nothing more to say."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        try:
            for piece in pieces:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return received


def listened(port: int, requests: bytes) -> bytes:
    """Send requests of which the last closes the connection, and return all that comes, as one who stays does."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(requests)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_request_is_answered(port: int) -> None:
    answer = said(port, HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
    assert status(answer) == 200
    assert b'"body":"abc"' in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    ],
)
def test_a_request_with_no_host_or_two_is_refused_rfc9112_3_2(port: int, head: bytes) -> None:
    assert status(said(port, head)) == 400


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"Content-Length: +3\r\n\r\nabc",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
        b"X: a\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_request_that_two_readers_would_end_in_two_places_is_refused_rfc9112_6_3(port: int, framing: bytes) -> None:
    answer = said(port, HEAD + framing)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /?a=",
        b"GET / HTTP/1.1\r\nHost: a.example\r\nX: ",
        b"GET / HTTP/1.1\r\nHost: a.example\r\n" + b"X: y\r\n" * 9000,
    ],
)
def test_a_head_without_end_is_cut_off(port: int, beginning: bytes) -> None:
    answer = said(port, beginning, *[b"a" * 65536] * 40)
    assert answer == b"" or status(answer) == 400


def test_trailers_without_end_are_cut_off(port: int) -> None:
    answer = said(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", *[b"a" * 65536] * 40)
    assert answer == b"" or status(answer) == 400


def test_a_head_just_below_the_limit_is_read(port: int) -> None:
    filling = b"a" * (HEAD_LIMIT - 200)
    assert status(said(port, HEAD + b"Content-Length: 0\r\nConnection: close\r\nX: " + filling + b"\r\n\r\n")) == 200


def test_trailers_are_not_headers_rfc9110_6_5_1(port: int) -> None:
    body = b"3\r\nabc\r\n0\r\nAuthorization: Basic YTpi\r\n\r\n"
    answer = said(port, HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body)
    assert status(answer) == 200
    assert b'"body":"abc"' in answer
    assert b"authorization" not in answer.lower()


def test_an_answer_to_head_is_its_head_alone_rfc9110_9_3_2(port: int) -> None:
    answer = listened(port, b"HEAD / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
    assert status(answer) == 200
    assert b"content-length" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_requests_one_after_another_are_answered_in_their_order_rfc9112_9_3_2(port: int) -> None:
    several = [one + b"HTTP/1.1\r\nHost: a.example\r\n" for one in (b"GET / ", b"HEAD / ", b"GET /pieces ", b"GET / ")]
    answer = listened(port, b"\r\n".join(several) + b"Connection: close\r\n\r\n")
    first, head, pieces, last = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b'{"body":""' in first
    assert head.endswith(b"\r\n\r\n")
    assert b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n" in pieces
    assert b'{"body":""' in last


def test_whoever_waits_to_be_asked_for_the_body_is_asked_rfc9110_10_1_1(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(HEAD + b"Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert b'"body":"abc"' in answer


def test_an_answer_that_breaks_off_after_its_head_is_seen_to_be_broken_off_rfc9112_8(port: int) -> None:
    answer = listened(port, b"GET /breaks HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert status(answer) == 200
    assert not answer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("name", ["location", "x-anything", "bad name"])
def test_a_header_that_would_not_stay_in_its_line_is_not_sent_rfc9110_5_5(port: int, name: str) -> None:
    request = f"GET /splits?name={name.replace(' ', '%20')} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    for _ in range(2):
        answer = listened(port, request)
        assert status(answer) == 500
        assert b"set-cookie" not in answer


@pytest.mark.parametrize("length", [3, 5])
def test_an_answer_of_another_length_than_it_says_ends_the_connection_rfc9112_8(port: int, length: int) -> None:
    request = f"GET /misjudges?length={length} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    assert not listened(port, request * 2).endswith(b"told" * 2)
    assert listened(port, request).count(b"HTTP/1.1") <= 1
