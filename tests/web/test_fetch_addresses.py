"""Where a fetch goes: which URIs are read, what a host is resolved to, what is dialled, whose certificate counts."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.listener import Listener, Reply
from tests.web.fetching import NOWHERE, MakeFetcher, Names, Serve, answers, get, refused
from web.fetch import FetchRefused
from web.guard import Guard
from web.tls import LocalAuthority, client_context, server_context


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
        "http://\u212aey.localhost/",
        "http://127。0。0。1/",
        "http://" + "a" * 64 + ".localhost/",
        "http://" + "a." * 130 + "localhost/",
        "http://client.localhost/" + "\u00e9" * 300,
    ],
)
async def test_what_is_no_plain_uri_of_a_host_is_not_asked(make_fetcher: MakeFetcher, uri: str) -> None:
    names = Names(["127.0.0.1"])
    assert await refused(make_fetcher(resolve=names), uri, trusted=True) == "fetch.uri"
    assert names.asked == []


async def test_the_sentence_holds_little_of_a_long_uri(make_fetcher: MakeFetcher) -> None:
    with pytest.raises(FetchRefused) as why:
        await get(make_fetcher(), 'http://client.localhost/"\\\n' + "\u95e8" * 5000)
    assert why.value.text.startswith("http://client.localhost/???????")
    assert len(why.value.text) < 300


async def test_https_alone_where_it_is_said_so_but_not_for_the_operators_own(
    make_fetcher: MakeFetcher, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    uri = f"http://client.localhost:{listener.port}/a"
    fetcher = make_fetcher(https_only=True)
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
    make_fetcher: MakeFetcher, listener: Listener, host: str
) -> None:
    assert await refused(make_fetcher(NOWHERE), f"http://{host}:{listener.port}/a") == "fetch.address"
    assert listener.received("/a") == []


async def test_what_the_operator_registered_may_lead_anywhere(make_fetcher: MakeFetcher, listener: Listener) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    uri = f"http://client.localhost:{listener.port}/a"
    assert await get(make_fetcher(NOWHERE), uri, trusted=True) == b"{}"
    assert await get(make_fetcher(Guard.parse("client.localhost")), uri) == b"{}"


@pytest.mark.parametrize("addresses", [["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"], ["2606:4700::1111", "::1"]])
async def test_a_host_that_is_public_and_private_at_once_is_not_asked(
    make_fetcher: MakeFetcher, addresses: list[str]
) -> None:
    assert await refused(make_fetcher(resolve=Names(addresses)), "http://mixed.example/") == "fetch.address"


async def test_a_name_is_resolved_once_and_what_was_judged_is_dialled(
    make_fetcher: MakeFetcher, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    fetcher = make_fetcher(resolve=names)
    # No resolver but this one knows the name: had anything asked again, there would be no answer.
    assert await get(fetcher, f"http://rebinds.example:{listener.port}/a") == b"{}"
    assert names.asked == ["rebinds.example"]
    assert await refused(fetcher, f"http://rebinds.example:{listener.port}/a") == "fetch.address"
    assert len(listener.received("/a")) == 1


async def test_where_one_address_does_not_answer_the_next_is_tried(
    make_fetcher: MakeFetcher, listener: Listener
) -> None:
    listener.replies["/a"] = Reply(200, b"{}")
    guard = Guard.parse("127.0.0.0/8")
    fetcher = make_fetcher(guard, resolve=Names(["127.0.0.2", "127.0.0.1"]))
    assert await get(fetcher, f"http://two.example:{listener.port}/a") == b"{}"


async def test_a_host_without_address_or_server_is_unreachable(make_fetcher: MakeFetcher, listener: Listener) -> None:
    assert await refused(make_fetcher(resolve=Names([])), "http://nobody.example/") == "fetch.unreachable"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await refused(make_fetcher(), f"http://a.localhost:{taken.getsockname()[1]}/") == "fetch.unreachable"


async def test_the_certificate_is_the_hosts_and_the_server_is_told_its_name(
    make_fetcher: MakeFetcher, serve: Serve, tmp_path: Path
) -> None:
    authority = LocalAuthority(tmp_path)
    context = server_context(authority.certificate_for(["client.localhost", "::1"]))
    told: list[str | None] = []
    context.sni_callback = lambda _, name, __: told.append(name)
    port = await serve(answers(b"{}"), context)
    fetcher = make_fetcher(trust=client_context(authority.certificate))
    assert await get(fetcher, f"https://client.localhost:{port}/") == b"{}"
    # The same address, so that a connection kept for the first host would have answered for the second.
    assert await refused(fetcher, f"https://other.localhost:{port}/") == "fetch.unreachable"
    assert await refused(fetcher, f"https://127.0.0.1:{port}/") == "fetch.unreachable"
    assert told == ["client.localhost", "other.localhost", None]
    assert await refused(make_fetcher(trust=True), f"https://client.localhost:{port}/") == "fetch.unreachable"


async def test_an_address_of_version_6_is_dialled_where_it_is_allowed(make_fetcher: MakeFetcher, serve: Serve) -> None:
    if not _speaks_6():
        return
    port = await serve(answers(b"{}"), host="::1")
    assert await get(make_fetcher(Guard.parse("::1/128")), f"http://[0:0::1]:{port}/") == b"{}"
    assert await get(make_fetcher(Guard.parse("::1"), resolve=Names(["::1"])), f"http://six.example:{port}/") == b"{}"
    assert await refused(make_fetcher(), f"http://[::1]:{port}/") == "fetch.address"


def _speaks_6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as tried:
        tried.bind(("::1", 0))
        return True
    return False
