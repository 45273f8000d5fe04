"""A portal's own keys, made at its first start: one authenticates it (private_key_jwt), one binds its tokens (DPoP).

Two, so that a signature by one can never be taken for what the other says. Neither is rotated here
(docs/decisions/0015-portals-on-fapi-2.md).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

ALG = "ES256"
CLIENT_KEY, DPOP_KEY = "client-key.json", "dpop-key.json"
"""The files' names in the portal's folder of state."""


class BadClientKey(ValueError):
    """A key file that cannot be used; the text is one sentence that names it."""


def load_or_make(path: Path) -> ECKey:
    """Return the private key in `path`, made with mode 0600 when there is none. Raises BadClientKey or OSError."""
    try:
        return load_key(path)
    except FileNotFoundError:
        pass
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALG}, private=True, auto_kid=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump(key.as_dict(private=True), file)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where a file is: of two first starts at once, one key wins for both.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return load_key(path)


def public_jwks(key: ECKey) -> dict[str, Any]:
    """Return the JWK Set that /jwks answers: the public half with kid, use and alg (RFC 7517 5)."""
    return {"keys": [key.as_dict(private=False)]}


def load_key(path: Path) -> ECKey:
    """Return the private key in `path`. Raises BadClientKey or OSError."""
    text = path.read_text(encoding="ascii")
    try:
        key = ECKey.import_key(json.loads(text))
        usable = key.is_private and key.curve_name == "P-256" and bool(key.kid)
    except Exception as error:
        raise BadClientKey(f"{path} is not a key; move it away and a new one is made at the next start.") from error
    if not usable:
        raise BadClientKey(f"{path} is not a private P-256 key with a kid; move it away and a new one is made.")
    return key
