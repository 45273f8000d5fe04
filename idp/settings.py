"""What can be set about the provider: the only reader of its environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from idp.features import SETS, Features, FeatureSet
from web.addresses import provider_address
from web.connect import DEFAULT_MAP, ConnectMap
from web.database_address import FORM, SQLITE, first_line, misses_password, names_database, with_password
from web.guard import Guard
from web.limits import Limits
from web.metrics import usable_token
from web.tls import check

REPOSITORY = Path(__file__).resolve().parent.parent
OTHER_PREFIXES = ("MANYOU_ADDRESS_", "MANYOU_PORTAL_")


class BadSettings(ValueError):
    """Settings that cannot be used; the text is one sentence for the person who set them."""


class Settings(BaseSettings):
    """The provider's settings: `MANYOU_` and the name in capitals in the environment. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="MANYOU_", extra="forbid", frozen=True)

    bind: str = "127.0.0.1"
    port_base: int = Field(8000, ge=1, le=65000)
    issuer: str = ""
    var: Path = Path("var")
    portals: str = str(REPOSITORY / "portals")
    connect: str = DEFAULT_MAP
    demo: bool = True
    key_secret: str = ""
    key_secret_file: Path | None = None
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

    idp_database: str = ""
    idp_database_password_file: Path | None = None
    idp_features: FeatureSet = "region"
    idp_initial_access_token: str = ""
    idp_dpop_nonce: bool = True
    idp_fetch_allow: str = ""
    idp_pushed_request_seconds: int = Field(60, ge=5, le=599)
    idp_code_seconds: int = Field(60, ge=5, le=60)
    idp_access_token_seconds: int = Field(300, ge=30, le=3600)
    idp_id_token_seconds: int = Field(300, ge=30, le=3600)
    idp_refresh_token_seconds: int = Field(8 * 3600, ge=300)
    idp_offline_seconds: int = Field(30 * 86400, ge=3600)
    idp_session_idle_seconds: int = Field(3600, ge=60)
    # Portals remember for a week which sign-ins have ended; none may last longer.
    idp_session_seconds: int = Field(8 * 3600, ge=300, le=6 * 86400)
    idp_interaction_seconds: int = Field(1800, ge=60)
    idp_password_threads: int = Field(2, ge=1, le=16)
    idp_password_queue: int = Field(32, ge=1)
    idp_delivery_give_up_seconds: int = Field(3 * 86400, ge=60)

    @field_validator("connect")
    @classmethod
    def _connect_can_be_read(cls, value: str) -> str:
        ConnectMap.parse(value)
        return value

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token_can_be_sent(cls, value: str) -> str:
        return usable_token(value)

    @field_validator("idp_fetch_allow")
    @classmethod
    def _guard_can_be_read(cls, value: str) -> str:
        Guard.parse(value)
        return value

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("should be an address such as https://idp.example without query and fragment")
        return value.rstrip("/")

    @field_validator("idp_database")
    @classmethod
    def _database_can_be_read(cls, value: str) -> str:
        if value and not names_database(value):
            raise ValueError(FORM)
        return value

    @field_validator("key_secret_file")
    @classmethod
    def _secret_is_in_file(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        if info.data.get("key_secret"):
            raise ValueError("is not set together with MANYOU_KEY_SECRET")
        cls._secret_is_long(first_line(path))
        return path

    @field_validator("idp_database_password_file")
    @classmethod
    def _password_is_missed(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        if not misses_password(info.data.get("idp_database", "")):
            raise ValueError("is for a MANYOU_IDP_DATABASE such as postgresql://user@host:port/database")
        first_line(path)
        return path

    @field_validator("key_secret", "idp_initial_access_token")
    @classmethod
    def _secret_is_long(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("should have 32 characters or more (for instance from: openssl rand -hex 32)")
        return value

    @field_validator("idp_initial_access_token")
    @classmethod
    def _token_can_be_sent(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._~+/-]*=*", value):
            raise ValueError("should have letters, digits and -._~+/ alone, as a bearer token has (RFC 6750 2.1)")
        return value

    def model_post_init(self, context: Any, /) -> None:
        """Fill in what follows from other settings: the issuer (Discovery 1.0 section 3), the database, secrets."""
        if not self.issuer:
            object.__setattr__(self, "issuer", provider_address(self.port_base, "https" if self.tls else "http"))
        if not self.idp_database:
            object.__setattr__(self, "idp_database", f"{SQLITE}{self.var / 'idp.db'}")
        # A secret that a file holds, as containers are handed theirs, is in no environment to be shown.
        if self.key_secret_file is not None:
            object.__setattr__(self, "key_secret", first_line(self.key_secret_file))
        if self.idp_database_password_file is not None:
            password = first_line(self.idp_database_password_file)
            object.__setattr__(self, "idp_database", with_password(self.idp_database, password))

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        check(self, self.issuer)
        return self

    @property
    def features(self) -> Features:
        """The set of features that is on."""
        return SETS[self.idp_features]

    @property
    def limits(self) -> Limits:
        """How much the service takes on at once."""
        return Limits(self.connections, self.requests, self.request_seconds)

    @property
    def secure(self) -> bool:
        """Tell whether the issuer is reached over https, so that cookies are `__Host-` and Secure."""
        return self.issuer.startswith("https:")


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment. Raises BadSettings, also on names that begin with MANYOU_ and mean nothing."""
    known = {f"MANYOU_{name.upper()}" for name in Settings.model_fields}
    for name in environment:
        if name.startswith("MANYOU_") and name not in known and not name.startswith(OTHER_PREFIXES):
            raise BadSettings(f"{name} is not a setting of Manyou. The settings are listed in docs/settings.md.")
    values = {
        field: environment[f"MANYOU_{field.upper()}"]
        for field in Settings.model_fields
        # An empty variable is one that is not set, as for the portals.
        if environment.get(f"MANYOU_{field.upper()}")
    }
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        text = str(first["msg"]).removeprefix("Value error, ")
        raise BadSettings(f"MANYOU_{str(first['loc'][0]).upper() if first['loc'] else 'TLS'}: {text}.") from error


def load_or_exit() -> Settings:
    """Read the environment; on a mistake print the sentence and end the program with exit code 1."""
    try:
        return load()
    except BadSettings as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error
