"""session_state: what an authentication response says of the browser's session, so that a client notices its end.

OpenID Connect Session Management 1.0, 2 and 3.2; the page at /check_session computes the same again.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from idp.oauth.secret_hash import hash_of
from web import base64url

_DEFAULT_PORTS = {"http": 80, "https": 443}

NO_SESSION = "none"
"""The OP browser state where nobody is signed in; a browser in which no state can be read cannot tell."""


def browser_state(session_id: str) -> str:
    """Return the OP browser state of that session: as hard to guess as the session's cookie, and it opens nothing."""
    return hash_of(f"browser state {session_id}")


def session_state(client_id: str, redirect_uri: str, session_id: str) -> str:
    """Return the session_state for a client whose pages are at the origin of `redirect_uri`, with a new salt."""
    salt = base64url.random(16)
    source = " ".join((client_id, _origin(redirect_uri), browser_state(session_id), salt))
    return f"{hash_of(source)}.{salt}"


@lru_cache(maxsize=1000)
def _origin(uri: str) -> str:
    """Return the origin of `uri` as browsers spell it (HTML 7.1.1, RFC 6454 6.2)."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
