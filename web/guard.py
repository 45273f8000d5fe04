"""Which addresses may be asked for what a client hands in: public ones, and those that the operator allows.

Whoever registers a URL must not make this service ask what only this service can reach (SSRF): its own host, its
network, the cloud it runs in. The ranges are written out here, from the IANA special-purpose address registries (RFC
6890), because Python's `is_global` differs between patch releases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HOST = r"(?=.{1,254}(?:[:/?]|$))[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?|\[[0-9a-f:.]{2,45}\]"
"""A host as in a URI: labels that a resolver takes, perhaps with the root's dot, or an IPv6 address in brackets."""

_ENTRY = re.compile(rf"(?P<below>\*\.)?(?P<host>{HOST})(?::(?P<port>[0-9]{{1,5}}))?", re.ASCII | re.IGNORECASE)

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure answers its machines at this address, which looks public
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_UNICAST_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Guard:
    """What may be asked besides public addresses: hosts and all below a host (at a port if one is said), networks."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    suffixes: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Guard:
        """Read `client.example, client.example:8443, *.localhost, 10.0.0.0/8`, separated by commas or spaces.

        Raises ValueError with a sentence that quotes the wrong part.
        """
        hosts, suffixes, networks = set(), set(), []
        for part in filter(None, re.split(r"[,\s]+", text)):
            network = _network(part)
            entry = _ENTRY.fullmatch(part)
            port = int(entry["port"]) if entry and entry["port"] else None
            if network is not None:
                networks.append(network)
            elif entry is None or (port is not None and not 1 <= port <= 65535):
                raise ValueError(
                    f"{part!r} should be like client.example, client.example:8443, *.localhost or 10.0.0.0/8"
                )
            elif entry["below"]:
                suffixes.add((f".{plain(entry['host'])}", port))
            else:
                hosts.add((plain(entry["host"]), port))
        return cls(frozenset(hosts), frozenset(suffixes), tuple(networks))

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Tell whether `host` may be asked at `port` and this one `address` of it."""
        name = plain(host)
        if {(name, None), (name, port)} & self.hosts:
            return True
        if any(name.endswith(suffix) and wanted in (None, port) for suffix, wanted in self.suffixes):
            return True
        dialled = _unmapped(address)
        return is_public(dialled) or any(dialled in network for network in self.networks)


EVERYWHERE = Guard(networks=(IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))
"""For what the operator registered."""


def plain(host: str) -> str:
    """Return the one spelling of a host that is compared: no capitals, no brackets, not the root's dot."""
    name = host.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet, also where it carries another one inside."""
    address = _unmapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    # RFC 3056 2, RFC 6052 2.1: a router sends these to the IPv4 address that they hold.
    if address in _SIX_TO_FOUR:
        return is_public(IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)


def _unmapped(address: Address) -> Address:
    # RFC 4291 2.5.5.2: a socket that is given ::ffff:127.0.0.1 connects to 127.0.0.1.
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
