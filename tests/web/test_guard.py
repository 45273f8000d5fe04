"""Which addresses may be asked: the IANA special-purpose registries, and the operator's list."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from web.guard import EVERYWHERE, Guard, is_public

PUBLIC = ("1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:4700::1111", "2400:3200::1", "2a00:1450::1")
PUBLIC_INSIDE = ("::ffff:1.1.1.1", "2002:101:101::1", "64:ff9b::101:101")
NOT_PUBLIC = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1", "169.254.169.254"),
    *("168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("100::1", "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "64:ff9b:1::101:101"),
)
NOT_PUBLIC_INSIDE = (
    *(
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2002:a9fe:a9fe::",
    ),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe"),
)


@pytest.mark.parametrize("address", [*PUBLIC, *PUBLIC_INSIDE])
def test_a_public_address_may_be_asked(address: str) -> None:
    assert is_public(ip_address(address))
    assert Guard().allows("client.example", 443, ip_address(address))


@pytest.mark.parametrize("address", [*NOT_PUBLIC, *NOT_PUBLIC_INSIDE])
def test_any_other_may_not_whatever_form_it_takes(address: str) -> None:
    assert not Guard().allows("client.example", 443, ip_address(address))
    assert EVERYWHERE.allows("client.example", 443, ip_address(address))


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "allowed"),
    [
        ("client.example", "client.example", 80, "10.0.0.1", True),
        ("client.example", "CLIENT.example.", 80, "10.0.0.1", True),
        ("Client.Example.", "client.example", 80, "10.0.0.1", True),
        ("client.example", "other.client.example", 80, "10.0.0.1", False),
        ("client.example", "notclient.example", 80, "10.0.0.1", False),
        ("client.example:8443", "client.example", 8443, "10.0.0.1", True),
        ("client.example:8443", "client.example", 443, "10.0.0.1", False),
        ("*.localhost", "a.b.localhost", 80, "127.0.0.1", True),
        ("*.localhost", "localhost", 80, "127.0.0.1", False),
        ("*.localhost", "a.notlocalhost", 80, "127.0.0.1", False),
        ("*.localhost:8001", "a.localhost", 8001, "127.0.0.1", True),
        ("*.localhost:8001", "a.localhost", 8000, "127.0.0.1", False),
        ("10.0.0.0/8", "client.example", 80, "10.1.2.3", True),
        ("10.0.0.0/8", "client.example", 80, "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "client.example", 80, "192.168.0.1", False),
        ("10.0.0.5", "client.example", 80, "10.0.0.5", True),
        ("10.0.0.5", "client.example", 80, "10.0.0.6", False),
        ("::1/128", "client.example", 80, "::1", True),
        ("::1/128", "client.example", 80, "127.0.0.1", False),
        ("127.0.0.1:8001", "127.0.0.1", 8001, "127.0.0.1", True),
        ("127.0.0.1:8001", "127.0.0.1", 8002, "127.0.0.1", False),
        ("[::1]:8001", "::1", 8001, "::1", True),
        ("[0:0::1]:8001", "[::1]", 8002, "::1", False),
    ],
)
def test_the_operator_lists_hosts_and_networks(entry: str, host: str, port: int, address: str, allowed: bool) -> None:
    assert Guard.parse(entry).allows(host, port, ip_address(address)) is allowed


def test_entries_are_separated_by_commas_or_spaces() -> None:
    guard = Guard.parse(" client.example,*.localhost \n 10.0.0.0/8, ::1/128,, ")
    assert sorted(guard.hosts | guard.suffixes) == [(".localhost", None), ("client.example", None)]
    assert [str(network) for network in guard.networks] == ["10.0.0.0/8", "::1/128"]
    assert Guard.parse("") == Guard()


@pytest.mark.parametrize(
    "entry",
    [
        "http://client.example",
        "client.example/",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "a:0",
        "a:65536",
        "a:b",
        "*",
        "*.",
        "a..b",
    ],
)
def test_an_entry_that_means_nothing_is_quoted(entry: str) -> None:
    with pytest.raises(ValueError, match="should be like") as refused:
        Guard.parse(f"client.example {entry}")
    assert repr(entry) in str(refused.value)
