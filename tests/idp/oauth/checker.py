"""An authorization request that is right, to be spoilt, and the checks that it is run through."""

from __future__ import annotations

from idp.clients import Clients
from idp.keys import KeyRing
from idp.model import AuthorizationRequest
from idp.oauth.authorization_request import Draft, destination, validate
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

    def __init__(self, clients: Clients, keys: KeyRing, issuer: str) -> None:
        self.clients = clients
        self.keys = keys
        self.issuer = issuer

    def draft(self, *added: tuple[str, str], **changed: str | None) -> Draft:
        """Return a draft of the changed request; parameters in `added` come on top of what is there."""
        pairs = [(name, value) for name, value in {**GOOD, **changed}.items() if value is not None]
        return Draft(Parameters((*pairs, *added)), self.clients, self.keys, self.issuer)

    def __call__(self, *added: tuple[str, str], **changed: str | None) -> AuthorizationRequest:
        """Return the checked request. Raises PageRefusal or RedirectRefusal."""
        draft = self.draft(*added, **changed)
        destination(draft)
        return validate(draft)
