"""id_token_hint: an ID token of ours that tells who is meant (Core 3.1.2.1, RP-Initiated Logout 2 and 4)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.keys import KeyRing
from idp.oauth.id_token import TYP
from idp.oauth.signing import read_own


@dataclass(frozen=True)
class Hint:
    """What an id_token_hint says: for which client, about whom, in which sign-in if it tells."""

    client_id: str
    sub: str
    sid: str | None


def read(keys: KeyRing, issuer: str, token: str) -> Hint | None:
    """Return what the hint says if it is an ID token that we issued; an expired one will do (Core 3.1.2.2)."""
    claims = read_own(keys, issuer, token, TYP)
    # A signed answer of /userinfo has the same typ and no exp.
    if claims is None or "exp" not in claims:
        return None
    client_id, sub, sid = claims.get("aud"), claims.get("sub"), claims.get("sid")
    if isinstance(client_id, str) and isinstance(sub, str) and (sid is None or isinstance(sid, str)):
        return Hint(client_id, sub, sid)
    return None
