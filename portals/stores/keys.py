"""Whether the copies of a portal have one key: on several machines each has its files, and they have to be the same."""

from __future__ import annotations

from pathlib import Path

from joserfc.jwk import ECKey

from portals.client_key import BadClientKey, load_key, load_or_make
from portals.stores.database import Database


async def shared_key(database: Database, path: Path) -> ECKey:
    """Return the private key in `path`, made when neither this copy nor another one has any.

    The database keeps the thumbprint of the key and nothing else of it. Where only one machine can have the database,
    a key that was moved away is made anew. Raises BadClientKey or OSError.
    """
    if not database.doubt_seconds:
        return load_or_make(path)
    known = await database.one("SELECT value FROM secrets WHERE name = %s", (path.name,))
    try:
        key = load_or_make(path) if known is None else load_key(path)
    except FileNotFoundError as error:
        told = f"{path} is not there, and other copies of this portal have it: copy it from one of them."
        raise BadClientKey(told) from error
    own = key.thumbprint().encode("ascii")
    await database.execute("INSERT INTO secrets VALUES (%s, %s) ON CONFLICT (name) DO NOTHING", (path.name, own))
    row = await database.one("SELECT value FROM secrets WHERE name = %s", (path.name,))
    if row is None or bytes(row["value"]) != own:
        raise BadClientKey(f"{path} is not the key that other copies of this portal have: copy it from one of them.")
    return key
