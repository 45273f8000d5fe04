"""What the endpoints work with; app.py puts it together."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from idp.audit import Auditor
from idp.clients import Clients
from idp.delivery.queue import DeliveryQueue
from idp.keys import KeyRing
from idp.metrics import Metrics
from idp.oauth.access_token import AccessTokens
from idp.oauth.authorization_request import Draft
from idp.oauth.authorization_response import Responder
from idp.oauth.dynamic_registration import DynamicRegistration
from idp.oauth.front_channel import FrontChannel
from idp.oauth.incoming import Incoming, Sources
from idp.oauth.proofs import Proofs
from idp.oauth.request_object import RequestObjects
from idp.oauth.subject import Subjects
from idp.oauth.token_request import TokenEndpoint
from idp.people.log_in import LogIn
from idp.people.sessions import SessionKeeper
from idp.people.sign_outs import SignOuts
from idp.settings import Settings
from idp.stores.protocols import Stores
from web.clock import Clock
from web.csrf import Csrf
from web.pages import Pages
from web.readiness import Readiness


@dataclass(frozen=True)
class Parts:
    """The parts of one running provider."""

    settings: Settings
    clock: Clock
    stores: Stores
    clients: Clients
    sources: Sources
    request_objects: RequestObjects
    front_channel: FrontChannel
    responder: Responder
    keys: KeyRing
    subjects: Subjects
    sessions: SessionKeeper
    log_in: LogIn
    sign_outs: SignOuts
    deliveries: DeliveryQueue
    access_tokens: AccessTokens
    token_endpoint: TokenEndpoint
    registration: DynamicRegistration
    proofs: Proofs
    auditor: Auditor
    readiness: Readiness
    metrics: Metrics
    pages: Pages
    csrf: Csrf

    @property
    def issuer(self) -> str:
        """The issuer identifier (Core 2)."""
        return self.settings.issuer

    def draft(self, incoming: Incoming) -> Draft:
        """Return an authorization request on its way through the checks."""
        return Draft(incoming, self.keys, self.issuer, self.settings.features)


def parts(request: Request) -> Parts:
    """Return the parts of the provider that answers `request`."""
    found = request.scope["app"].state.parts
    assert isinstance(found, Parts)
    return found
