"""The provider on this machine with the settings that the plans need; the suite is thought to run here, too."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Provider:
    """A provider under `issuer`, with its state and its clients below `folder`.

    `suite_certificate` is a PEM file with what the suite's https certificate is to be checked against.
    """

    issuer: str
    suite: str
    folder: Path
    initial_access_token: str
    suite_certificate: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return its settings; docs/settings.md says what each of them means."""
        suite = urlsplit(self.suite)
        suite_host = suite.hostname or "localhost"
        settings = {
            "MANYOU_ISSUER": self.issuer,
            "MANYOU_PORT_BASE": str(urlsplit(self.issuer).port or 443),
            "MANYOU_TLS": "true",
            "MANYOU_VAR": str(self.folder / "state"),
            "MANYOU_PORTALS": str(self.folder / "clients"),
            "MANYOU_CONNECT": f"*.localhost=127.0.0.1,{suite_host}=127.0.0.1",
            "MANYOU_IDP_FEATURES": "certification",
            "MANYOU_IDP_INITIAL_ACCESS_TOKEN": self.initial_access_token,
            # The suite hands in addresses of its own, and stands where nobody else's could be asked for.
            "MANYOU_IDP_FETCH_ALLOW": f"{suite_host}:{suite.port or 443}",
        }
        if self.suite_certificate is not None:
            settings["MANYOU_TRUST"] = str(self.suite_certificate)
        return settings

    def serve(self) -> int:
        """Run it until it is told to stop; return its exit code."""
        return self._run("idp")

    def rotate_keys(self) -> int:
        """Make the next signing keys current, while it runs (Core 10.1.1)."""
        return self._run("lab.cli", "keys", "rotate")

    def _run(self, module: str, *arguments: str) -> int:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MANYOU_")}
        command = [sys.executable, "-m", module, *arguments]
        try:
            return subprocess.run(command, cwd=REPOSITORY, env={**kept, **self.environment()}, check=False).returncode  # noqa: S603 (our own modules)
        except KeyboardInterrupt:
            return 0
