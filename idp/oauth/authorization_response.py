"""Authorization responses: what was issued, or an error, with `state` byte for byte and `iss`.

RFC 6749 4.1.2 and 4.2.2, RFC 9207 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from msgspec import Struct

from idp.errors import RedirectRefusal
from idp.keys import KeyRing
from idp.model import Client
from idp.oauth import jarm
from idp.oauth.authorization_request import Destination
from idp.oauth.response_mode import JWT_MODES
from web.clock import Clock
from web.forms import encoded


def add_parameters(uri: str, parameters: list[tuple[str, str]]) -> str:
    """Return `uri`, which has no fragment, with `parameters` added to its query (RFC 6749 3.1.2).

    What was registered stays as it is: taken apart and put together again, com.example.app:///x would lose slashes.
    """
    if not parameters:
        return uri
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{encoded(parameters)}"


class AuthorizationResponse(Struct, frozen=True):
    """What goes to the client's redirect_uri, and by which response_mode (query, fragment or form_post)."""

    client: Client
    redirect_uri: str
    response_mode: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """The address to send the browser to, where the mode is query or fragment."""
        if self.response_mode == "fragment":
            # Read by scripts, of which some take "+" for itself; %20 is a space to all of them.
            return f"{_in_header(self.redirect_uri)}#{urlencode(self.parameters, quote_via=quote)}"
        return add_parameters(_in_header(self.redirect_uri), list(self.parameters))


@lru_cache(maxsize=1000)
def _in_header(uri: str) -> str:
    """Return `uri` as a header can hold it: what no URI has in it is escaped, whatever is a delimiter stays."""
    return quote(uri, safe=":/%#?=@[]!$&'()*+,;")


@dataclass(frozen=True)
class Responder:
    """Puts responses together; where the mode is one of JWTs, signs them (JARM 2)."""

    keys: KeyRing
    issuer: str
    clock: Clock

    def success(self, to: Destination, issued: Sequence[tuple[str, str]]) -> AuthorizationResponse:
        """Return the response with what was issued: a code, tokens, or both."""
        return self._response(to, issued)

    def failure(self, to: Destination, refusal: RedirectRefusal) -> AuthorizationResponse:
        """Return the response that tells a refusal; its texts are ASCII."""
        return self._response(to, [("error", refusal.code), ("error_description", refusal.public)])

    def _response(self, to: Destination, parameters: Sequence[tuple[str, str]]) -> AuthorizationResponse:
        state = [("state", to.state)] if to.state is not None else []
        every = (*parameters, *state, ("iss", self.issuer))  # RFC 9207 2
        mode = JWT_MODES.get(to.response_mode)
        if mode is None:
            return AuthorizationResponse(to.client, to.redirect_uri, to.response_mode, every)
        # JARM 2.1: everything is inside, and nothing beside it.
        signed = jarm.mint(self.keys, self.issuer, to.client, every, self.clock())
        return AuthorizationResponse(to.client, to.redirect_uri, mode, (("response", signed),))
