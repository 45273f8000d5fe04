"""The bridge to Authlib: a request that is ready before Authlib runs, and our objects in its shapes."""

from __future__ import annotations

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import (
    ClientMixin,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from msgspec import Struct

from idp.model import Client, Grant, Person, RefreshToken
from idp.oauth.access_token import ActiveToken
from web.forms import Parameters


class BridgedClient(ClientMixin):  # type: ignore[misc]  # authlib is untyped
    """A Client as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """Return the client_id."""
        return self.client.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the client is registered for that method; it holds at every endpoint."""
        return method == self.client.token_endpoint_auth_method

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether the client is registered for that grant type."""
        return grant_type in self.client.grant_types


@dataclass
class BridgedRefreshToken(TokenMixin):  # type: ignore[misc]
    """A refresh token as Authlib asks about it."""

    token: RefreshToken

    def check_client(self, client: BridgedClient) -> bool:
        """Tell whether it was issued to that client."""
        return self.token.grant.client_id == client.client.client_id

    def get_scope(self) -> str:
        """Return what was granted."""
        return " ".join(self.token.grant.scope)


class Loaded(Struct):
    """What was loaded for a request before Authlib runs, and what its hooks found; its client is authenticated."""

    now: float
    client: BridgedClient
    jkt: str | None = None
    grant: Grant | None = None
    refresh_token: RefreshToken | None = None
    access_token: ActiveToken | None = None
    person: Person | None = None
    why: str = ""

    @property
    def granted(self) -> Grant | None:
        """The grant that the code or refresh token stands for."""
        return self.grant or (self.refresh_token.grant if self.refresh_token else None)


class BodyRequest(OAuth2Request):  # type: ignore[misc]
    """A request whose body was read before."""

    def __init__(self, uri: str, parameters: Parameters) -> None:
        # Not Authlib's own, which reads the environment at each request to learn whether `uri` may begin with http: it
        # begins with the issuer, which was looked at before the provider started (idp/app.py).
        self.method = "POST"
        self.uri = uri
        self.headers: dict[str, str] = {}
        self._body = None
        self.client = self.auth_method = self.user = self.credential = None
        self.authorization_code = self.refresh_token = self._scope = None
        self._form = dict(parameters.pairs)
        self.payload = BasicOAuth2Payload(self._form)

    @property
    def args(self) -> dict[str, str]:
        """The query: parameters of these endpoints come in the body alone (RFC 6749 3.2)."""
        return {}

    @property
    def form(self) -> dict[str, str]:
        """The body's parameters."""
        return self._form


class BridgedRequest(BodyRequest):
    """A request whose facts were loaded before, too."""

    def __init__(self, uri: str, parameters: Parameters, loaded: Loaded) -> None:
        super().__init__(uri, parameters)
        self.loaded = loaded
