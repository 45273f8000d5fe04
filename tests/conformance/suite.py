"""The provider as `python -m conformance serve` runs it, over https, and the part that the suite plays around it.

The suite's address serves whatever a client can be asked for: keys, request objects, sector identifiers, log-outs.
"""

from __future__ import annotations

import json
import ssl
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from joserfc.jwk import ECKey, RSAKey

from conformance.browser import Person
from conformance.clients import Credentials, static_clients
from conformance.configurations import Deployment, write_all
from conformance.provider import Provider
from idp.oauth.secret_hash import hash_of
from idp.operator import operator
from idp.settings import Settings
from lab.region import RegionThread
from tests.conformance.fapi_party import FapiParty
from tests.conformance.id_tokens import ProviderKeys
from tests.conformance.party import Party
from tests.conformance.plans import Variant
from tests.listener import Listener, Reply
from tests.portal_client import Registration, client_key
from tests.visitor import PASSWORD, Visitor
from web.clock import SettableClock
from web.connect import ConnectMap, MappedSyncTransport
from web.tls import LocalAuthority, client_context, server_context

START = 1_800_000_000.0
"""2027-01-15: what the clock shows first; no test may depend on today."""
HOST = "suite.example"
"""Not a loopback name: to the provider the suite is a stranger."""
TOKEN = "the-initial-access-token-of-the-suite"
PERSON = Person("every.claim", PASSWORD)
REFUSER = Person("wang.tianjin", PASSWORD)
_REGIONS_OWN = ("MANYOU_ISSUER", "MANYOU_PORT_BASE")


class Suite:
    """A running provider with the clients of every plan; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.clock = SettableClock(START)
        authority = LocalAuthority(folder / "state" / "tls")
        certificate = authority.certificate_for(["idp.localhost", HOST])
        self.listener = Listener(server_context(certificate))
        self.address = f"https://{HOST}:{self.listener.port}"
        self._credentials = Credentials(folder / "credentials.json")
        deployment = Deployment("https://idp.localhost", self.address, PERSON, REFUSER, TOKEN)
        write_all(deployment, folder, self._credentials)
        provider = Provider(deployment.issuer, self.address, folder, TOKEN, authority.certificate)
        values = {
            name.removeprefix("MANYOU_").lower(): value
            for name, value in provider.environment().items()
            if name not in _REGIONS_OWN
        }
        (folder / "nobody").mkdir()
        self._region = RegionThread(
            Path(values["var"]),
            clock=self.clock,
            idp_values=values,
            portal_values={"portals": str(folder / "nobody"), "tls": True, "connect": values["connect"]},
        )
        self.issuer = self._region.issuer
        self._settings = Settings(issuer=self.issuer, **values)  # type: ignore[arg-type]
        self._transport = MappedSyncTransport(
            ConnectMap.parse(values["connect"]), verify=client_context(authority.certificate)
        )
        self._stack = ExitStack()
        self._authority = authority.certificate
        self._registered: dict[str, Registration] = {}
        self._operators_own: dict[str, Party] = {}
        self.http = self.browser().http
        self.keys = ProviderKeys(self.http, self.issuer)

    def __enter__(self) -> Self:
        """Start."""
        self._stack.enter_context(self.listener)
        self._stack.enter_context(self._region)
        self._stack.callback(self._transport.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._stack.close()

    def browser(self) -> Visitor:
        """Return the browser of somebody whom nobody knows; connections are shared, cookies are not."""
        return Visitor(httpx.Client(transport=self._transport, timeout=20, trust_env=False), self._region.issuer)

    def metadata(self) -> dict[str, Any]:
        """Return the provider's own word on what it can do (Discovery 4)."""
        answer = self.http.get(f"{self.issuer}/.well-known/openid-configuration")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def rotate_keys(self) -> None:
        """Rotate the signing keys by command, as the suite asks for, and let the provider do its upkeep."""

        async def rotate() -> None:
            async with operator(self._settings, self.clock) as command:
                for alg in ("RS256", "ES256"):
                    await command.keys.rotate(alg)
            # What it does every few seconds; here nothing waits for that.
            await self._region.app("idp").state.parts.keys.refresh(force=True)

        self._region.run(rotate())

    def callback(self, variant: Variant) -> str:
        """Return where answers to the plan's clients go."""
        return f"{self.address}/test/a/manyou-{variant.plan.name}/callback"

    def serve(self, path: str, body: bytes | str, content_type: str = "application/json") -> str:
        """Serve a document at the suite's address and return where."""
        content = body.encode() if isinstance(body, str) else body
        self.listener.replies[path] = Reply(body=content, content_type=content_type)
        return self.address + path

    def register(self, token: str | None = TOKEN, **metadata: Any) -> httpx.Response:
        """Ask for a client to be registered (Registration 3.1)."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return self.http.post(f"{self.issuer}/register", json=metadata, headers=headers)

    def usual_metadata(self, variant: Variant, place: str = "client") -> dict[str, Any]:
        """Return what the clients of a plan with dynamic registration register."""
        key = client_key("ES256", f"{place}-1")
        secret = variant.plan.name != "oidcc-dynamic"
        grants = [
            *(["authorization_code", "refresh_token"] if variant.issues("code") else []),
            *(["implicit"] if variant.issues("token") or variant.issues("id_token") else []),
        ]
        authentication = {"token_endpoint_auth_method": "client_secret_basic"}
        if not secret:
            authentication = {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
            }
        return {
            "client_name": f"Conformance tests, {place}",
            "redirect_uris": [self.callback(variant)],
            "response_types": [variant.response_type],
            "grant_types": grants,
            "jwks": {"keys": [{**key.as_dict(private=False), "alg": "ES256"}]},
            **authentication,
        }

    def trust(self) -> ssl.SSLContext:
        """Return what a client trusts the provider's certificate with, for a handshake of its own."""
        return client_context(self._authority)

    def party(self, variant: Variant, place: str = "client", **changes: Any) -> Party:
        """Return a client of the variant's plan, the first or another one; alike ones are registered once.

        `changes` replace metadata of one that registers itself, None takes a member out.
        """
        if not variant.dynamic:
            return self._operators(variant, place)
        metadata = {**self.usual_metadata(variant, place), **changes}
        wanted = {name: value for name, value in metadata.items() if value is not None}
        name = json.dumps(wanted, sort_keys=True)
        if name not in self._registered:
            answer = self.register(**wanted)
            assert answer.status_code == 201, answer.text
            self._registered[name] = self.registration(answer.json(), place)
        return self._party(variant, self._registered[name])

    def registration(self, told: dict[str, Any], place: str = "client") -> Registration:
        """Return a client that the provider has told of its registration, with the key that usual metadata name."""
        key = client_key("ES256", f"{place}-1")
        return Registration(told["client_id"], key, told, self.address, told.get("client_secret", ""))

    def _party(self, variant: Variant, registration: Registration) -> Party:
        kind = FapiParty if registration.table.get("profile") == "fapi2" else Party
        return kind(registration, self.issuer, self.http, self.clock, variant=variant, keys=self.keys)

    def _operators(self, variant: Variant, place: str) -> Party:
        name = f"{variant.plan.name} {place}"
        if name not in self._operators_own:
            self._operators_own[name] = self._party(variant, self._operators_registration(variant, place))
        # The same one all the time, with the nonce that it was given last.
        return self._operators_own[name]

    def _operators_registration(self, variant: Variant, place: str) -> Registration:
        clients = static_clients(variant.plan, self.callback(variant), self._credentials)
        client = next(one for one in clients if one.place == place)
        secret = client.credentials.get("client_secret", "")
        if secret:
            assert client.table["client_secret_sha256"] == hash_of(secret)
            return Registration(client.client_id, client_key("ES256", "unused"), client.table, self.address, secret)
        jwk = client.credentials["jwks"]["keys"][0]
        key = RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)
        return Registration(client.client_id, key, client.table, self.address)
