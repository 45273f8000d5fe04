"""The provider alone: `python -m idp` of any checkout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from server_process import ServerProcess, free_port, issuer_at


class ProviderProcess(ServerProcess):
    """The provider of `checkout` with all it keeps in `place`, unless `database` is the address of another one.

    `clients` are [client] tables (RFC 7591) by client_id; there are no others. `features` names the set that is on.
    Its clock may be ahead, by seconds.
    """

    def __init__(
        self,
        checkout: Path,
        place: Path,
        clients: Mapping[str, Mapping[str, Any]],
        features: str,
        database: str = "",
        *,
        copy_of: Self | None = None,
        clock_ahead: float = 0.0,
    ) -> None:
        port = free_port()
        if not (place / "portals").exists():
            (place / "portals").mkdir(parents=True)
            for client_id, table in clients.items():
                _write_portal(place / "portals" / client_id, table)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")} | {
            "MANYOU_VAR": str(place / "var"),
            "MANYOU_PORT_BASE": str(port),
            "MANYOU_ISSUER": copy_of.issuer if copy_of else issuer_at(port),
            "MANYOU_PORTALS": str(place / "portals"),
            "MANYOU_IDP_FEATURES": features,
        }
        if database:
            environment["MANYOU_IDP_DATABASE"] = database
        clock = ["tests.faults.off_clock", str(clock_ahead)] if clock_ahead else []
        super().__init__(
            [sys.executable, "-m", *clock, "idp"],
            folder=checkout,
            environment=environment,
            port=port,
            path="/healthz",
            log=place / f"provider-{port}.log",
        )
        self.issuer = environment["MANYOU_ISSUER"]
        self._same = (checkout, place, clients, features, database)

    def copy(self) -> ProviderProcess:
        """Return another process of the same provider, which knows itself by the same name, to be started."""
        return ProviderProcess(*self._same, copy_of=self)


def _write_portal(folder: Path, client: Mapping[str, Any]) -> None:
    folder.mkdir()
    service = {"host": f"{folder.name}.localhost", "offset": 1}
    lines = ["[service]", *_toml(service), "[client]", *_toml(client)]
    (folder / "portal.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(table: Mapping[str, Any]) -> Iterable[str]:
    return (f"{json.dumps(name)} = {_toml_value(value)}" for name, value in table.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(_toml(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(one) for one in value) + "]"
    return json.dumps(value)
