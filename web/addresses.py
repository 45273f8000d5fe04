"""Where each service of the region is reached: one rule, read by provider and portals alike."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROVIDER_HOST = "idp.localhost"


class BadPortalFile(ValueError):
    """A portal.toml that cannot be used; the text says which file, which entry, and what it should be."""


@dataclass(frozen=True)
class PortalFile:
    """One portal's folder: its name (the `client_id`), its address, its port and its portal.toml as read."""

    folder: Path
    client_id: str
    address: str
    port: int
    table: Mapping[str, Any]


def provider_address(port_base: int, scheme: str = "http") -> str:
    """Return the issuer that the provider has when nothing else is set."""
    return f"{scheme}://{PROVIDER_HOST}:{port_base}"


def portal_folders(places: str) -> list[Path]:
    """List the portal folders in `places`, directories separated by the system's path separator, in name order.

    A portal folder is one that holds a portal.toml; a place may also be such a folder itself.
    """
    found: list[Path] = []
    for place in filter(None, places.split(os.pathsep)):
        root = Path(place)
        if (root / "portal.toml").is_file():
            found.append(root)
        elif root.is_dir():
            found += [folder for folder in root.iterdir() if (folder / "portal.toml").is_file()]
        else:
            raise BadPortalFile(f"{place} is not a folder. MANYOU_PORTALS lists folders that hold portals.")
    return sorted(found, key=lambda folder: folder.name)


def read_portal_file(
    folder: Path, port_base: int, scheme: str = "http", environment: Mapping[str, str] = os.environ
) -> PortalFile:
    """Read one portal.toml and work out its address; `{address}` in its text values becomes that address.

    The address is `scheme://host:port_base+offset` from the `[service]` table, unless the environment has
    `MANYOU_ADDRESS_<FOLDER>`. Raises BadPortalFile.
    """
    path = folder / "portal.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPortalFile(f"{path}: cannot be read: {error}") from error
    service = table.get("service")
    if not isinstance(service, dict):
        raise BadPortalFile(f"{path}: needs a [service] table with host and offset.")
    host, offset = service.get("host"), service.get("offset")
    if not isinstance(host, str) or not host or not isinstance(offset, int) or isinstance(offset, bool):
        raise BadPortalFile(f"{path}: [service] needs host (a name) and offset (a number added to the port base).")
    name = folder.name
    address = environment.get(f"MANYOU_ADDRESS_{name.upper().replace('-', '_')}") or (
        f"{scheme}://{host}:{port_base + offset}"
    )
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise BadPortalFile(f"{path}: the address {address} should be like http://{host}:{port_base + offset}.")
    filled = _fill(table, address)
    assert isinstance(filled, dict)
    return PortalFile(folder, name, address, port_base + offset, filled)


def _fill(value: Any, address: str) -> Any:
    if isinstance(value, str):
        return value.replace("{address}", address)
    if isinstance(value, list):
        return [_fill(item, address) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, address) for key, item in value.items()}
    return value


LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Tell whether a host as a URI has it is this machine by its very name (RFC 6761 6.3, RFC 8252 7.3)."""
    return host.lower() in LOOPBACK_NAMES or host.lower().endswith(".localhost")


def under_its_own_name(address: str, host: str | None, path: str) -> str | None:
    """Return where `path` is at `address`, if it was asked for under a loopback name that is not the address's.

    Cookies belong to a host name: whoever logs in under one and comes back under the other finds nothing.
    """
    own, asked = urlsplit(address), urlsplit(f"//{host or ''}")
    if asked.hostname is None or not (own.hostname or "").endswith(".localhost"):
        # A public name is another matter: there a proxy of this machine may ask, under a name of its own.
        return None
    name = f"[{asked.hostname}]" if ":" in asked.hostname else asked.hostname
    return f"{address}{path}" if name in LOOPBACK_NAMES and own.hostname != asked.hostname else None
