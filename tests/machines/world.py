"""The world that the state machines act in: one provider over real SQLite, in this process, by a clock that is set.

Its stores take their time: before each call they let others go first, as often as a seed says. So requests that are
sent at once run into each other in ever new ways, and every failure can be repeated.
"""

from __future__ import annotations

import asyncio
import functools
import random
import secrets
import shutil
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

import idp.assembly
from idp.app import create_app
from idp.endpoints.browser import SESSION_COOKIE
from idp.endpoints.parts import Parts
from idp.oauth.access_token import Inactive
from idp.people.sign_outs import Reason
from idp.settings import Settings
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.portal_client import Asked, PortalClient, Registration
from tests.visitor import Visitor
from web.clock import SettableClock

START = 1_800_000_000.0
PORT = 8000
MOST_TURNS = 4
RARELY = st.sampled_from([False, False, False, False, True])
SEEDS = st.integers(0, 999)
KEYS = {name: ECKey.generate_key("P-256") for name in ("one", "two")}


def bounded(examples: int) -> settings:
    """Return how a machine runs here: the same steps each time; fifteen steps need no shrinking to be read."""
    return settings(
        max_examples=examples,
        stateful_step_count=15,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
    )


class Turns:
    """Whose turn it is: how often each call waits for the others."""

    def __init__(self) -> None:
        self.random: random.Random | None = None

    async def pass_on(self) -> None:
        """Let others go first."""
        for _ in range(self.random.randrange(MOST_TURNS) if self.random is not None else 0):
            await asyncio.sleep(0)


class SlowStore:
    """A store whose every call lets others go first."""

    def __init__(self, store: Any, turns: Turns) -> None:
        self._store = store
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        @functools.wraps(method)
        async def slowly(*arguments: Any, **options: Any) -> Any:
            await self._turns.pass_on()
            return await method(*arguments, **options)

        return slowly


class InProcess(httpx.BaseTransport):
    """Sends requests to the provider that runs in this process."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one."""
        return self._world.at_once([request], 0)[0]


async def _comes_when_the_clock_is_moved_on(parts: Parts) -> None:
    """Stand for the upkeep, which `World.wait` does."""


class World:
    """One provider and its clients: each of them exists twice, so that one can try what is the other's."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="manyou-machines-"))
        self.clock = SettableClock(START)
        self.registrations = {one.client_id: one for one in _clients()}
        for registration in self.registrations.values():
            registration.write(self.place / "clients")
        self._turns = Turns()
        self._loop = asyncio.new_event_loop()
        self._up = AsyncExitStack()
        self.settings = Settings(
            var=self.place / "var",
            portals=str(self.place / "clients"),
            port_base=PORT,
            idp_features="certification",
        )
        self.http = httpx.Client(transport=InProcess(self), trust_env=False)
        self.start()

    def start(self) -> None:
        """Start the provider."""
        self.app = create_app(self.settings, self.clock)
        with pytest.MonkeyPatch.context() as patch:
            # For this provider alone: others run in this process, and go on with what they find there.
            patch.setattr(idp.assembly, "open_stores", self._slow_stores)
            patch.setattr(idp.assembly, "_upkeep", _comes_when_the_clock_is_moved_on)
            self.run(self._up.enter_async_context(self.app.router.lifespan_context(self.app)))

    def restart(self) -> None:
        """Stop the provider and start it again on the same state."""
        self.run(self._up.aclose())
        self.start()

    def stop(self) -> None:
        """Stop for good."""
        self.run(self._up.aclose())
        self._loop.close()
        shutil.rmtree(self.place)

    async def _slow_stores(self, url: str) -> Stores:
        stores = await open_stores(url)
        return Stores(**{one.name: SlowStore(getattr(stores, one.name), self._turns) for one in fields(stores)})

    @property
    def parts(self) -> Parts:
        """The running provider's parts, to be used through `run`."""
        parts: Parts = self.app.state.parts
        return parts

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        return self._loop.run_until_complete(coroutine)

    def wait(self, seconds: float) -> None:
        """Move the clock on, and do what the provider does every two seconds."""
        self.clock.advance(seconds)
        self.run(self.parts.sign_outs.expire(self.settings.idp_session_idle_seconds))
        self.run(self.parts.stores.upkeep.sweep(self.clock()))

    def at_once(
        self, requests: Sequence[httpx.Request], seed: int, beside: Coroutine[Any, Any, Any] | None = None
    ) -> list[httpx.Response]:
        """Send requests at the same time; they run into each other and into what is done `beside`, as the seed says."""

        async def answers() -> list[httpx.Response]:
            found = asyncio.gather(*(self._answer(request) for request in requests))
            if beside is not None:
                await beside
            return await found

        self._turns.random = random.Random(seed) if beside is not None or len(requests) > 1 else None
        try:
            found: list[httpx.Response] = self.run(answers())
            return found
        finally:
            self._turns.random = None

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        # What the application lets out as an exception fails the test: nothing may be an internal error.
        response = await httpx.ASGITransport(self.app).handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)

    def client(self, client_id: str) -> PortalClient:
        """Return the client of that name."""
        return PortalClient(self.registrations[client_id], self.settings.issuer, self.http, self.clock)

    def call(
        self,
        client_id: str,
        path: str,
        form: Mapping[str, str | None],
        key: str | None = None,
        times: int = 1,
        seed: int = 0,
    ) -> list[httpx.Response]:
        """POST a form as that client, proving that key, several times at once; each with an assertion of its own."""
        client = self.client(client_id)
        client.nonce = self.parts.proofs.nonce()
        requests = []
        for _ in range(times):
            headers = {"dpop": client.proof(path, key=KEYS[key])} if key is not None else {}
            body = client.form(form)
            requests.append(self.http.build_request("POST", client.issuer + path, data=body, headers=headers))
        return self.at_once(requests, seed)

    def session(self, username: str = "li.beijing") -> str:
        """Begin a session as a log-in does, and return its cookie."""
        person = self.run(self.parts.stores.people.by_id(username))
        cookie, _ = self.run(self.parts.sessions.start(person, ("pwd",)))
        return str(cookie)

    def browser(self) -> Visitor:
        """Return a new browser."""
        return Visitor(httpx.Client(transport=InProcess(self), trust_env=False), self.settings.issuer)

    def log_out(self, cookie: str) -> None:
        """End the session of that cookie, as /end_session does."""
        self.run(self.logging_out(cookie))

    async def logging_out(self, cookie: str) -> None:
        """End the session of that cookie, as /end_session does."""
        found = await self.parts.sessions.current(cookie)
        assert found is not None
        await self.parts.sign_outs.session(found.session.session_id, found.person.user_id, Reason.LOGGED_OUT)

    def visit(
        self,
        parameters: Mapping[str, str | None],
        cookies: Mapping[str, str],
        times: int = 1,
        seed: int = 0,
        beside: Coroutine[Any, Any, Any] | None = None,
    ) -> list[httpx.Response]:
        """Open /authorize in a browser with these cookies, in several windows at once."""
        query = {name: value for name, value in parameters.items() if value is not None}
        header = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        requests = [
            self.http.build_request("GET", f"{self.settings.issuer}/authorize", params=query, headers=header)
            for _ in range(times)
        ]
        return self.at_once(requests, seed, beside)

    def code(self, client_id: str, cookie: str, **changes: str | None) -> tuple[str, Asked]:
        """Let the person of that session sign in at the client, pushed where it has to be; return what it is given."""
        client = self.client(client_id)
        asked = client.ask(**changes)
        parameters = asked.parameters
        if client.registration.table.get("profile") == "fapi2":
            pushed = self.call(client_id, "/par", parameters, PROVES[client_id])[0]
            parameters = {"client_id": client_id, "request_uri": pushed.json()["request_uri"]}
        return answered(self.visit(parameters, signed_in(cookie))[0])["code"], asked

    def access_token_is_active(self, token: str) -> bool:
        """Tell what the provider takes the token for."""
        try:
            self.run(self.parts.access_tokens.active(token))
        except Inactive:
            return False
        return True


def _clients() -> list[Registration]:
    quiet: dict[str, Any] = {"backchannel_logout_uri": None, "backchannel_logout_session_required": None}
    usual: dict[str, Any] = {**quiet, "scope": "openid profile offline_access"}
    # These share an address with the one that tries what is theirs, so that not even that keeps them apart.
    shared = [f"http://both.localhost:{PORT}/callback"]
    strict: dict[str, Any] = {**usual, "profile": "fapi2", "redirect_uris": shared}
    public: dict[str, Any] = {**usual, "auth": "none", "jwks": None, "redirect_uris": shared}
    return [
        Registration.make("alpha", PORT, **usual),
        Registration.make("beta", PORT, **usual),
        Registration.make("brief", PORT, **{**usual, "grant_types": ["authorization_code"]}),
        Registration.make("fapi", PORT, **strict),
        Registration.make("other-fapi", PORT, **strict),
        Registration.make("public", PORT, **public),
        Registration.make("other-public", PORT, **public),
    ]


OTHER = {
    "alpha": "beta", "beta": "alpha", "brief": "alpha", "fapi": "other-fapi", "other-fapi": "fapi",
    "public": "other-public", "other-public": "public",
}  # fmt: skip
PROVES = {name: None if name in ("alpha", "beta", "brief") else "one" for name in OTHER}
"""The key that each client proves as a rule; None for Bearer tokens."""


@functools.cache
def world() -> World:
    """Return the world of this test process: starting it anew for each example would be most of what they cost."""
    return World()


def signed_in(cookie: str) -> dict[str, str]:
    """Return the cookies of a browser with that session."""
    return {SESSION_COOKIE: cookie}


def answered(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that the answer takes to the client; empty where it goes elsewhere."""
    place = urlsplit(response.headers.get("location", ""))
    return dict(parse_qsl(place.query)) if place.path.endswith("/callback") else {}


def made_up() -> str:
    """Return a value that nobody has seen before."""
    return secrets.token_urlsafe(32)
