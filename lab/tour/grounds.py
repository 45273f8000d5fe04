"""Where the tour takes place: a region of its own with temporary state, or the one that is running."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

import idp.settings
import portals.settings
from lab.region import RegionThread
from lab.tour.hop import PROVIDER
from lab.tour.traveller import Caller, LostOnTheWay
from portals.client_key import DPOP_KEY, BadClientKey, load_key
from portals.portal import Portal, load
from web import logs
from web.addresses import portal_folders
from web.connect import ConnectMap
from web.tls import calling

KEPT_SETTINGS = ("MANYOU_PORTALS", "MANYOU_BIND")
"""The other settings describe a region that is not the tour's own."""


class NobodyThere(Exception):
    """No region where one should be running; the text is one sentence."""


class Inside:
    """What only who runs the region can see: why a request was refused."""

    def __init__(self) -> None:
        self._refusals = _Refusals()
        logging.getLogger("portals").addHandler(self._refusals)

    def refused_for(self, incident: str, code: str) -> bool:
        """Tell whether a portal's log has `code` as the verdict of the refusal with this incident number."""
        return any(incident in line and code in line for line in self._refusals.lines)

    def close(self) -> None:
        """Look no longer."""
        logging.getLogger("portals").removeHandler(self._refusals)


class _Refusals(logging.Handler):
    """Remembers what portals write when they refuse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass(frozen=True)
class Grounds:
    """Where the provider and the portals (by their `order`) are, how to reach and whom to trust; `inside` if ours.

    `keys` are those that the portals' tokens are bound to, of the portals whose state can be read from here.
    """

    issuer: str
    portals: tuple[Portal, ...]
    connect: ConnectMap
    keys: Mapping[str, ECKey]
    inside: Inside | None = None
    trust: ssl.SSLContext | bool = True

    @property
    def names(self) -> dict[str, str]:
        """Which service is at which host and port."""
        return {urlsplit(self.issuer).netloc: PROVIDER} | {
            urlsplit(portal.address).netloc: portal.client_id for portal in self.portals
        }


@contextmanager
def own_region() -> Iterator[Grounds]:
    """Run a region on free ports, whose state is gone afterwards. Raises what RegionThread and settings raise."""
    for name in [name for name in os.environ if name.startswith("MANYOU_") and name not in KEPT_SETTINGS]:
        del os.environ[name]
    with TemporaryDirectory(prefix="manyou-tour-") as folder:
        logs.to_file(Path(folder) / "manyou.log")
        with RegionThread(Path(folder) / "var") as region:
            port_base = urlsplit(region.issuer).port
            assert port_base is not None
            settings = portals.settings.Settings(port_base=port_base, var=region.var)
            inside = Inside()
            try:
                found = _portals(settings)
                yield Grounds(region.issuer, found, region.connect, _keys(settings.var, found), inside)
            finally:
                inside.close()


def running_region(port_base: int | None) -> Grounds:
    """Find the region that the environment and `port_base` describe. Raises NobodyThere, and what settings raise."""
    if port_base is not None:
        os.environ["MANYOU_PORT_BASE"] = str(port_base)
    issuer = idp.settings.load().issuer
    settings = portals.settings.from_environment()
    # A running region speaks TLS where its settings say so; its authority is then in its state folder.
    trust = calling(settings)
    caller = Caller(settings.connect_map, {}, lambda hop: None, trust=trust)
    try:
        health = caller.get(f"{issuer}/healthz").status_code
    except LostOnTheWay:
        health = 0
    finally:
        caller.close()
    if health != 200:
        raise NobodyThere(f"No region is running at {issuer}: start it with `manyou up`, or leave out --running.")
    found = _portals(settings)
    return Grounds(issuer, found, settings.connect_map, _keys(settings.var, found), trust=trust)


def _portals(settings: portals.settings.Settings) -> tuple[Portal, ...]:
    found = [load(folder, settings) for folder in portal_folders(settings.portals)]
    return tuple(sorted(found, key=lambda portal: (portal.order, portal.port)))


def _keys(var: Path, portals: tuple[Portal, ...]) -> dict[str, ECKey]:
    """Return the keys that can be read: those of a region elsewhere, or of somebody else, cannot."""
    keys = {}
    for portal in portals:
        with suppress(OSError, BadClientKey):
            keys[portal.client_id] = load_key(var / "portals" / portal.client_id / DPOP_KEY)
    return keys
