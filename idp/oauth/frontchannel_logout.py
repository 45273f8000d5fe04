"""OpenID Connect Front-Channel Logout 1.0: what the browser loads to tell clients that a session has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from idp.model import Client, SignIn
from idp.oauth.authorization_response import add_parameters


def logout_frames(issuer: str, clients: Mapping[str, Client], ended: Iterable[SignIn]) -> list[str]:
    """Return the addresses of iframes for the sign-ins that ended, of clients that registered one (2, 3)."""
    frames = []
    for sign_in in ended:
        client = clients.get(sign_in.client_id)
        if client is None or client.frontchannel_logout_uri is None:
            continue
        # Both or neither; which session it was is told to those that have to know.
        named = [("iss", issuer), ("sid", sign_in.sid)] if client.frontchannel_logout_session_required else []
        frames.append(add_parameters(client.frontchannel_logout_uri, named))
    return frames
