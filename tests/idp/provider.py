"""The provider under test: run alone on a port of its own, by a clock that is set, with clients of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import jwt as pyjwt

from idp.endpoints.parts import Parts
from lab.region import RegionThread
from tests.listener import Listener, Received
from tests.portal_client import PortalClient, Registration
from tests.visitor import Visitor
from web.clock import SettableClock
from web.connect import DEFAULT_MAP, ConnectMap, MappedSyncTransport

START = 1_800_000_000.0
"""2027-01-15: what the clock shows first; no test may depend on today."""

JWKS_PATH = "/jwks/by-uri"
Registrations = Callable[[Listener], Iterable[Registration]]


def usual_clients(listener: Listener) -> list[Registration]:
    """Return the clients of the provider that most tests share; each says by its name what is special about it."""
    port = listener.port
    return [
        Registration.make("alpha", port),
        Registration.make("beta", port, resources=[f"http://beta.localhost:{port}/api", _shared(port)]),
        Registration.make("by-consent", port, legal_basis="consent"),
        Registration.make(
            "shares-api",
            port,
            resources=[_shared(port)],
            frontchannel_logout_uri=f"http://shares-api.localhost:{port}/frontchannel/shares-api",
        ),
        # Asks for nothing: RS256 ID tokens (Core 3.1.3.7), no refresh tokens, no log-out notice, openid only.
        Registration.make(
            "plain",
            port,
            id_token_signed_response_alg=None,
            grant_types=None,
            backchannel_logout_uri=None,
            backchannel_logout_session_required=None,
            resources=None,
            scope="openid profile",
        ),
    ]


def other_clients(listener: Listener) -> list[Registration]:
    """Return clients that prove who they are in other ways than ES256 with a registered key."""
    port = listener.port
    by_uri = f"http://by-uri.localhost:{port}{JWKS_PATH}"
    return [
        Registration.make("by-uri", port, jwks=None, jwks_uri=by_uri),
        Registration.make("signs-rs256", port, alg="RS256"),
        Registration.make("signs-ps256", port, alg="PS256"),
        Registration.make("signs-eddsa", port, alg="EdDSA"),
    ]


def strict_clients(listener: Listener) -> list[Registration]:
    """Return clients of the FAPI 2.0 profiles, and some that have no credential, for the certification set."""
    port = listener.port
    return [
        Registration.make("fapi", port, profile="fapi2"),
        Registration.make("other-fapi", port, profile="fapi2"),
        Registration.make(
            "signs", port, profile="fapi2", require_signed_request_object=True, request_object_signing_alg="ES256"
        ),
        Registration.make("public", port, auth="none", jwks=None),
        Registration.make("other-public", port, auth="none", jwks=None),
    ]


def _shared(port: int) -> str:
    return f"http://shared.localhost:{port}/api"


class Provider:
    """A running provider; a context manager. It shares its clock and its loopback listener with its clients."""

    def __init__(self, place: Path, registrations: Registrations = usual_clients, **idp_values: Any) -> None:
        self.clock = SettableClock(START)
        self.listener = Listener()
        self.registrations = {one.client_id: one for one in registrations(self.listener)}
        self.var = place / "var"
        for registration in self.registrations.values():
            registration.write(place / "clients")
        (place / "nobody").mkdir()
        self.region = RegionThread(
            self.var,
            clock=self.clock,
            idp_values={"portals": str(place / "clients"), **idp_values},
            portal_values={"portals": str(place / "nobody")},
        )
        self._stack = ExitStack()
        self._visits = ExitStack()
        self._back_channel: httpx.Client | None = None

    def __enter__(self) -> Self:
        """Start."""
        self._stack.enter_context(self.listener)
        self._stack.enter_context(self.region)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.say_goodbye()
        self._stack.close()

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return self.region.issuer

    @property
    def parts(self) -> Parts:
        """The running provider's parts, to be used only through `run`."""
        parts: Parts = self.region.app("idp").state.parts
        return parts

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine of one of the parts in the provider's own loop."""
        return self.region.run(coroutine)

    def restart(self) -> None:
        """Stop the provider and start it again on the same state."""
        self.region.stop_service("idp")
        self.region.start_service("idp")

    def http(self) -> httpx.Client:
        """Return a client with cookies of its own that follows no redirect."""
        # Plain http: reading the system's certificates would be most of what a new client costs.
        transport = MappedSyncTransport(ConnectMap.parse(DEFAULT_MAP), verify=False)
        return self._visits.enter_context(httpx.Client(transport=transport, timeout=20, trust_env=False))

    def say_goodbye(self) -> None:
        """Close every connection made so far: hundreds of tests would hold more than a process may have open."""
        self._visits.close()
        self._back_channel = None

    def visitor(self) -> Visitor:
        """Return a new person's browser."""
        return Visitor(self.http(), self.issuer)

    def client(self, client_id: str = "alpha") -> PortalClient:
        """Return the client of that name; all share one back channel."""
        if self._back_channel is None:
            self._back_channel = self.http()
        return PortalClient(self.registrations[client_id], self.issuer, self._back_channel, self.clock)

    def get(self, path: str) -> httpx.Response:
        """GET a path of the provider without any cookie."""
        return self.client(next(iter(self.registrations))).http.get(self.issuer + path)

    def read(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims of a token, its signature checked by PyJWT against /jwks, its times not."""
        header = pyjwt.get_unverified_header(token)
        keys = {key["kid"]: key for key in self.get("/jwks").json()["keys"]}
        key = pyjwt.PyJWK(keys[header["kid"]])
        off = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud")}
        return header, pyjwt.decode(token, key, algorithms=[header["alg"]], options=off)  # type: ignore[arg-type]

    def logout_tokens(self, client_id: str, sid: str, count: int = 1) -> list[str]:
        """Wait until the client was sent `count` logout tokens for `sid`, and return them."""

        def is_of_sid(received: Received) -> bool:
            return bool(self.read(received.form["logout_token"])[1]["sid"] == sid)

        sent = self.listener.wait(f"/backchannel-logout/{client_id}", is_of_sid, count)
        return [one.form["logout_token"] for one in sent]
