"""The provider as clients meet it that were not written for it: over https, by the real clock, certification set on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from lab.region import RegionThread
from tests.portal_client import Registration
from tests.visitor import Visitor
from web.connect import MappedSyncTransport
from web.tls import LocalAuthority, client_context

INITIAL_ACCESS_TOKEN = "whoever-has-this-may-register-clients"


class Provider:
    """A running provider with a local authority's certificate; a context manager."""

    def __init__(self, place: Path, registrations: Iterable[Registration]) -> None:
        self.registrations = {one.client_id: one for one in registrations}
        for folder in ("clients", "nobody"):
            (place / folder).mkdir()
        for registration in self.registrations.values():
            registration.write(place / "clients")
        tls = {"tls": True, "var": place / "var"}
        self.authority = LocalAuthority(place / "var" / "tls").certificate
        self._region = RegionThread(
            place / "var",
            idp_values={
                **tls,
                "portals": str(place / "clients"),
                "idp_features": "certification",
                "idp_initial_access_token": INITIAL_ACCESS_TOKEN,
            },
            portal_values={**tls, "portals": str(place / "nobody")},
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start."""
        self._stack.enter_context(self._region)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._stack.close()

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return self._region.issuer

    def http(self) -> httpx.Client:
        """Return a browser's connections: cookies of its own, the local authority trusted."""
        transport = MappedSyncTransport(self._region.connect, verify=client_context(self.authority))
        return self._stack.enter_context(httpx.Client(transport=transport, timeout=20, trust_env=False))

    def visitor(self) -> Visitor:
        """Return a new person's browser."""
        return Visitor(self.http(), self.issuer)


def registration(client_id: str, port: int = 8443, **changes: Any) -> Registration:
    """Return a client whose addresses are https, and which is told of no log-out; see Registration.make."""
    made = Registration.make(
        client_id,
        port,
        **{"backchannel_logout_uri": None, "backchannel_logout_session_required": None, **changes},
    )
    made.table = json.loads(json.dumps(made.table).replace("http://", "https://"))
    made.address = made.address.replace("http://", "https://")
    return made
