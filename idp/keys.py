"""Signing keys: next, current, retired; made at first start, encrypted at rest, rotated while the provider runs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey, RSAKey

from idp.settings import BadSettings, Settings
from idp.stores.protocols import Keys, StoredKey
from web.clock import Clock

ALGORITHMS = ("RS256", "ES256")
REFRESH_SECONDS = 2.0
"""How soon a running provider notices a rotation made by command."""

NO_KEY_SECRET = "MANYOU_KEY_SECRET is not set: outside the demonstration the provider does not start without."

SigningKey = ECKey | RSAKey


class Vault:
    """Encrypts what is kept at rest: AES-256-GCM under a key derived from MANYOU_KEY_SECRET (HKDF, RFC 5869)."""

    def __init__(self, key_secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"manyou keys at rest").derive(
            key_secret.encode()
        )
        self._cipher = AESGCM(derived)

    def seal(self, name: str, value: bytes) -> bytes:
        """Encrypt `value`, bound to `name`."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, value, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Decrypt. Raises BadSettings if the secret is another one than it was."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], name.encode())
        except InvalidTag as error:
            raise BadSettings(
                "The keys in the database were encrypted under another MANYOU_KEY_SECRET; set that one again."
            ) from error


def key_secret(settings: Settings) -> tuple[str, Path | None]:
    """Return the secret for keys at rest, and the file that the demonstration made for it if it did just now.

    Raises BadSettings where there is none and this is not the demonstration.
    """
    if settings.key_secret:
        return settings.key_secret, None
    if not settings.demo:
        raise BadSettings(NO_KEY_SECRET)
    path = settings.var / "key-secret"
    settings.var.mkdir(parents=True, exist_ok=True)
    made = None if path.exists() else _make_key_secret(path)
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < 32:
        raise BadSettings(f"{path} holds no key secret; put back the one that was there, or begin anew: make reset.")
    return secret, made


def _make_key_secret(path: Path) -> Path | None:
    draft = path.with_name(f"key-secret.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Never seen half written; of two first starts at once, one secret wins for both.
        os.link(draft, path)
    except FileExistsError:
        return None
    finally:
        draft.unlink()
    return path


class KeyRing:
    """The signing keys as the running provider uses them."""

    def __init__(self, store: Keys, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._rows: Sequence[StoredKey] = ()
        self._loaded: dict[str, SigningKey] = {}
        self._public: dict[str, SigningKey] = {}
        self._read_at = float("-inf")

    async def prepare(self) -> list[str]:
        """Make the keys that are missing, at first start all of them; return the kids that were made and kept."""
        states = {(key.alg, key.state) for key in await self._store.all()}
        now = self._clock()
        missing = [(alg, state) for alg in ALGORITHMS for state in ("current", "next") if (alg, state) not in states]
        made = [self._make(alg, state, now) for alg, state in missing]
        await self._store.add(made)
        await self.refresh(force=True)
        # Of two processes that start at once, the keys of one are kept.
        kept = {key.kid for key in self._rows}
        return [key.kid for key in made if key.kid in kept]

    def _make(self, alg: str, state: str, now: float) -> StoredKey:
        kid = f"{alg.lower()}-{secrets.token_hex(6)}"
        key: SigningKey = (
            ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": alg})
            if alg == "ES256"
            else RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": alg})
        )
        private = json.dumps(key.as_dict(private=True)).encode()
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        activated = now if state == "current" else None
        return StoredKey(kid, alg, state, public, self._vault.seal(kid, private), now, activated, None)

    async def refresh(self, *, force: bool = False) -> None:
        """Read the keys again if that was not done for REFRESH_SECONDS: a command may have rotated them."""
        now = self._clock()
        if force or not 0 <= now - self._read_at < REFRESH_SECONDS:
            self._rows = await self._store.all()
            self._read_at = now
            kept = {key.kid for key in self._rows}
            for imported in (self._loaded, self._public):
                for kid in imported.keys() - kept:
                    del imported[kid]

    def public_set(self) -> Mapping[str, Any]:
        """Return the JWK Set that is published: current and next keys, and retired ones whose tokens may still live."""
        order = {"current": 0, "next": 1, "retired": 2}
        rows = sorted(self._rows, key=lambda key: (order[key.state], ALGORITHMS.index(key.alg)))
        return {"keys": [dict(key.public_jwk) for key in rows]}

    def rows(self) -> Sequence[StoredKey]:
        """Return the keys as they are kept."""
        return self._rows

    def signing(self, alg: str) -> SigningKey:
        """Return the current private key of `alg`; imported once, since an RSA key takes 35 ms."""
        row = next(key for key in self._rows if key.alg == alg and key.state == "current")
        if row.kid not in self._loaded:
            self._loaded[row.kid] = _import(row.alg, json.loads(self._vault.open(row.kid, row.private)))
        return self._loaded[row.kid]

    def verifying(self, kid: object) -> SigningKey | None:
        """Return the public key of `kid`, also a retired one."""
        row = next((key for key in self._rows if key.kid == kid), None)
        if row is None:
            return None
        if row.kid not in self._public:
            self._public[row.kid] = _import(row.alg, dict(row.public_jwk))
        return self._public[row.kid]

    async def rotate(self, alg: str) -> None:
        """Make the next key current and prepare another one (Core 10.1.1)."""
        now = self._clock()
        await self._store.rotate(alg, self._make(alg, "next", now), now)
        await self.refresh(force=True)

    async def retire(self, overlap: float) -> list[str]:
        """Throw away keys that were retired more than `overlap` seconds ago; return their kids."""
        now = self._clock()
        gone = [key.kid for key in self._rows if key.retired_at is not None and key.retired_at <= now - overlap]
        for kid in gone:
            await self._store.remove(kid)
        await self.refresh(force=True)
        return gone

    async def revoke(self, kid: str) -> StoredKey | None:
        """End all trust in a compromised key and let its successor take over; return it as it was, None if unknown."""
        row = next((key for key in self._rows if key.kid == kid), None)
        now = self._clock()
        if row is None or not await self._store.revoke(kid, self._make(row.alg, "next", now), now):
            return None
        await self.refresh(force=True)
        return row

    async def secret(self, name: str) -> bytes:
        """Return the 32 random bytes kept under `name`, made at first use."""
        kept = await self._store.secret(name)
        if kept is None:
            kept = await self._store.keep_secret(name, self._vault.seal(name, secrets.token_bytes(32)))
        return self._vault.open(name, kept)


def _import(alg: str, jwk: dict[str, Any]) -> SigningKey:
    return ECKey.import_key(jwk) if alg == "ES256" else RSAKey.import_key(jwk)
