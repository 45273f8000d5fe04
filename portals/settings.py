"""What a portal is told by its surroundings: the only reader of the environment in this package.

Names are MANYOU_*; those that every service reads come first, those of portals alone begin with MANYOU_PORTAL_.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from web.addresses import provider_address
from web.connect import DEFAULT_MAP, ConnectMap
from web.database_address import (
    FORM,
    SQLITE,
    first_line,
    misses_password,
    names_database,
    sqlite_file,
    with_password,
)
from web.limits import Limits
from web.metrics import usable_token
from web.tls import check

PREFIX = "MANYOU_"
PORTALS = Path(__file__).parent
PORTAL = "{portal}"
"""In the address of the database, the portal's name."""


class BadSettings(ValueError):
    """Settings with which a portal cannot start; the text is one sentence for whoever started it."""


def _addresses() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(f"{PREFIX}ADDRESS_")}


class Settings(BaseSettings):
    """One portal's settings; each field is read from MANYOU_<FIELD> unless it is given in Python."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    bind: str = "127.0.0.1"
    port_base: int = Field(8000, ge=1, le=65000)
    issuer: str = ""
    var: Path = Path("var")
    portals: str = str(PORTALS)
    connect: str = DEFAULT_MAP
    demo: bool = True
    trusted_proxies: str = ""
    drain_seconds: int = Field(0, ge=0, le=300)
    tls: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trust: Path | None = None
    connections: int = Field(1000, ge=20)
    requests: int = Field(200, ge=1)
    request_seconds: int = Field(10, ge=1)
    metrics_token: str = ""
    portal_show_tokens: bool | None = None
    """Whether /inspect shows this session's own tokens; on in the demo unless set."""
    portal_database: str = ""
    portal_database_password_file: Path | None = None
    portal_idle_seconds: int = Field(1800, ge=60)
    portal_session_seconds: int = Field(28_800, ge=60)
    addresses: Mapping[str, str] = Field(default_factory=_addresses)
    """MANYOU_ADDRESS_<FOLDER>: addresses that are not host and port base + offset."""

    @field_validator("connect")
    @classmethod
    def _connect_can_be_read(cls, text: str) -> str:
        ConnectMap.parse(text)
        return text

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token_can_be_sent(cls, text: str) -> str:
        return usable_token(text)

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_address(cls, text: str) -> str:
        parts = urlsplit(text)
        if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{text!r} should be like http://idp.localhost:8000.")
        # As the provider reads the same variable: its `iss` has no slash at the end.
        return text.rstrip("/")

    @field_validator("portal_database")
    @classmethod
    def _database_can_be_read(cls, text: str) -> str:
        if text and not names_database(text):
            raise ValueError(FORM)
        if sqlite_file(text) is not None and PORTAL not in text:
            raise ValueError(f"should have {PORTAL} in a file's path, which stands for the portal's name")
        return text

    @field_validator("portal_database_password_file")
    @classmethod
    def _password_is_missed(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        if not misses_password(info.data.get("portal_database", "")):
            raise ValueError("is for a MANYOU_PORTAL_DATABASE such as postgresql://user@host:port/database")
        first_line(path)
        return path

    def database(self, client_id: str) -> str:
        """Return the address of the database of one portal."""
        if not self.portal_database:
            return f"{SQLITE}{self.var / 'portals' / client_id / 'portal.db'}"
        url = self.portal_database.replace(PORTAL, client_id)
        # A secret that a file holds, as containers are handed theirs, is in no environment to be shown.
        file = self.portal_database_password_file
        return url if file is None else with_password(url, first_line(file))

    @property
    def provider(self) -> str:
        """The issuer whose tokens are accepted (OpenID Connect Discovery 3)."""
        return self.issuer or provider_address(self.port_base, "https" if self.tls else "http")

    @property
    def scheme(self) -> str:
        """The scheme of the portals' addresses, where they are not set: the provider's."""
        return urlsplit(self.provider).scheme

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        check(self, self.provider)
        return self

    @property
    def connect_map(self) -> ConnectMap:
        """Which name is dialled at which address."""
        return ConnectMap.parse(self.connect)

    @property
    def limits(self) -> Limits:
        """How much the service takes on at once."""
        return Limits(self.connections, self.requests, self.request_seconds)

    @property
    def show_tokens(self) -> bool:
        """Whether /inspect may show tokens to the person whose tokens they are."""
        return self.demo if self.portal_show_tokens is None else self.portal_show_tokens


SHARED = frozenset({"KEY_SECRET", "KEY_SECRET_FILE"})
"""Names that belong to other services but may stand in an environment that all services share."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of `python -m portals`. Raises BadSettings on a bad value or an unknown MANYOU_ name."""
    known = {PREFIX + name.upper() for name in Settings.model_fields if name != "addresses"}
    known |= {PREFIX + name for name in SHARED}
    others = (f"{PREFIX}ADDRESS_", f"{PREFIX}IDP_")
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(others):
            raise BadSettings(f"{name} is not a setting of a portal. Known are: {', '.join(sorted(known))}.")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else PREFIX
        raise BadSettings(f"{name} cannot be used: {first['msg']}.") from error
    except ValueError as error:
        raise BadSettings(f"The environment cannot be read: {error}") from error
