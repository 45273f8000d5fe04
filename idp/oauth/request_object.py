"""Request objects: parameters in a JWT, by value or by reference (Core 6, RFC 9101)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.errors import RedirectRefusal
from idp.features import Features
from idp.oauth.incoming import Incoming


@dataclass(frozen=True)
class RequestObjects:
    """Opens the request object of a request, if it has one."""

    features: Features

    async def opened(self, incoming: Incoming) -> Incoming:
        """Return the request with the object's parameters in their place. Raises RedirectRefusal."""
        if incoming.opened:
            return incoming
        for name in ("request", "request_uri"):
            if incoming.parameters.get(name) is not None:
                # Core 6: what is not supported is refused with its own error, never ignored.
                raise RedirectRefusal(f"{name}_not_supported", f"The parameter {name} is not supported.")
        return incoming
