"""An authorization request that is right, to be spoilt, and the checks that it is run through."""

from __future__ import annotations

import asyncio
from typing import Any

from idp.features import REGION, Features
from idp.keys import KeyRing
from idp.model import AuthorizationRequest
from idp.oauth.authorization_request import Draft, destination, validate
from idp.oauth.incoming import Incoming, Sources
from tests.replaced import replace
from web.forms import Parameters

NOW = 1_800_000_000.0
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GOOD = {
    "client_id": "beijing",
    "redirect_uri": "http://beijing.localhost:8001/callback",
    "response_type": "code",
    "scope": "openid profile real_name",
    "state": "af0ifjsldkj",
    "nonce": "n-0S6_WzA2Mj",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "resource": "http://beijing.localhost:8001/api",
}


class Checker:
    """Runs the checks of /authorize over GOOD with some parameters changed, left out (None) or added."""

    def __init__(self, sources: Sources, keys: KeyRing, issuer: str, features: Features = REGION) -> None:
        self.sources = sources
        self.features = features
        self.keys = keys
        self.issuer = issuer
        self.changes: dict[str, Any] = {}

    def registered_with(self, **changes: Any) -> Checker:
        """Return a checker whose client is registered with these changes."""
        checker = Checker(self.sources, self.keys, self.issuer, self.features)
        checker.changes = changes
        return checker

    def under(self, features: Features) -> Checker:
        """Return a checker of a provider with these features."""
        checker = Checker(self.sources, self.keys, self.issuer, features)
        checker.changes = self.changes
        return checker

    def draft(self, *added: tuple[str, str], **changed: str | None) -> Draft:
        """Return a draft of the changed request; parameters in `added` come on top of what is there."""
        pairs = [(name, value) for name, value in {**GOOD, **changed}.items() if value is not None]
        return self.draft_of(Parameters((*pairs, *added)))

    def draft_of(self, parameters: Parameters) -> Draft:
        """Return a draft of these parameters. Raises PageRefusal."""
        client = replace(asyncio.run(self.sources.client(parameters)), **self.changes)
        return Draft(Incoming(client, parameters), self.keys, self.issuer, self.features)

    def __call__(self, *added: tuple[str, str], **changed: str | None) -> AuthorizationRequest:
        """Return the checked request. Raises PageRefusal or RedirectRefusal."""
        draft = self.draft(*added, **changed)
        destination(draft)
        return validate(draft)
