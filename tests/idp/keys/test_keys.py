"""Signing keys: Core 10.1 and 10.1.1, protocol points 14 and 15; at rest, and rotated while the provider runs."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from idp.app import create_app
from idp.keys import KeyRing, Vault, key_secret
from idp.settings import BadSettings, Settings
from idp.stores.sqlite import open_stores
from tests.idp.conftest import ProviderFactory
from tests.idp.provider import Provider
from tests.portal_client import Tokens
from web.clock import SettableClock

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def _kids(provider: Provider, alg: str | None = None) -> list[str]:
    keys = provider.get("/jwks").json()["keys"]
    return [key["kid"] for key in keys if alg in (None, key["alg"])]


def test_published_keys_are_public_distinct_and_say_what_for_core_10_1(provider: Provider) -> None:
    keys = provider.get("/jwks").json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 4
    assert {(key["kty"], key["alg"], key["use"]) for key in keys} == {("EC", "ES256", "sig"), ("RSA", "RS256", "sig")}
    assert not any(PRIVATE & set(key) for key in keys)
    moduli = [base64.urlsafe_b64decode(key["n"] + "==") for key in keys if key["kty"] == "RSA"]
    assert min(len(modulus) for modulus in moduli) == 256


def test_the_next_key_is_published_before_it_signs_and_the_old_one_as_long_as_its_tokens_live_core_10_1_1(
    make_provider: ProviderFactory,
) -> None:
    provider = make_provider()
    client, visitor = provider.client(), provider.visitor()
    before = client.tokens(visitor)
    published = _kids(provider, "ES256")
    old = provider.read(before.id_token)[0]["kid"]
    provider.run(provider.parts.keys.rotate("ES256"))

    after = Tokens(client.refresh(before.refresh_token).json())
    new = provider.read(after.id_token)[0]["kid"]
    assert {old, new} == set(published)
    assert old != new
    assert set(published) < set(_kids(provider, "ES256"))
    # What the old key signed goes on to count, here and at whoever reads /jwks.
    assert client.active(before.access_token)
    assert client.userinfo(before.access_token).status_code == 200
    provider.read(before.id_token)

    assert provider.run(provider.parts.keys.retire(300)) == []
    provider.clock.advance(300)
    assert provider.run(provider.parts.keys.retire(300)) == [old]
    assert old not in _kids(provider)
    assert client.active(Tokens(client.refresh(after.refresh_token).json()).access_token)


def test_rotating_one_algorithm_leaves_the_other_alone_core_10_1_1(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    before = _kids(provider, "RS256")
    provider.run(provider.parts.keys.rotate("ES256"))
    assert _kids(provider, "RS256") == before


def test_a_rotation_made_by_another_process_is_noticed(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    [current, upcoming] = _kids(provider, "ES256")
    stores = open_stores(provider.var / "idp.db")
    vault = Vault((provider.var / "key-secret").read_text())
    command = KeyRing(stores.keys, vault, provider.clock)
    asyncio.run(command.prepare())
    asyncio.run(command.rotate("ES256"))
    asyncio.run(stores.upkeep.close())
    provider.run(provider.parts.keys.refresh(force=True))
    client, visitor = provider.client(), provider.visitor()
    assert provider.read(client.tokens(visitor).id_token)[0]["kid"] == upcoming
    assert current in _kids(provider)


def test_a_restart_keeps_the_keys_and_the_subjects(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    client = provider.client()
    kids, before = _kids(provider), client.tokens(provider.visitor())
    provider.restart()
    after = client.tokens(provider.visitor())
    assert _kids(provider) == kids
    assert provider.read(before.id_token)[1]["sub"] == provider.read(after.id_token)[1]["sub"]
    assert client.active(before.access_token)


def test_private_keys_are_encrypted_at_rest(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    ring = provider.parts.keys
    on_disk = b"".join(path.read_bytes() for path in provider.var.rglob("idp.db*"))
    assert _kids(provider)[0].encode() in on_disk
    for alg in ("ES256", "RS256"):
        private = ring.signing(alg).as_dict(private=True)
        secret = str(private["d"])
        assert secret.encode() not in on_disk
        assert base64.urlsafe_b64decode(secret + "==") not in on_disk
    for name in ("pairwise", "csrf", "login-accounts"):
        assert provider.run(ring.secret(name)) not in on_disk


def test_the_demonstrations_secret_is_its_owners_alone(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    path = provider.var / "key-secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text()) == 64
    assert sorted(left.name for left in provider.var.glob("key-secret*")) == ["key-secret"]


def _settings(place: Path, **changes: Any) -> Settings:
    (place / "nobody").mkdir(exist_ok=True)
    return Settings(**{"var": place / "var", "portals": str(place / "nobody"), **changes})


async def _start(settings: Settings) -> None:
    app = create_app(settings, SettableClock(1_800_000_000.0))
    async with app.router.lifespan_context(app):
        pass


async def test_another_secret_than_before_is_refused_with_a_sentence(tmp_path: Path) -> None:
    await _start(_settings(tmp_path, key_secret="a" * 32))
    with pytest.raises(BadSettings, match="another MANYOU_KEY_SECRET"):
        await _start(_settings(tmp_path, key_secret="b" * 32))
    await _start(_settings(tmp_path, key_secret="a" * 32))
    assert not (tmp_path / "var" / "key-secret").exists()


async def test_outside_the_demonstration_there_is_no_start_without_a_secret(tmp_path: Path) -> None:
    settings = _settings(tmp_path, demo=False, issuer="https://idp.example")
    with pytest.raises(BadSettings, match="MANYOU_KEY_SECRET is not set"):
        await _start(settings)
    assert not (tmp_path / "var" / "key-secret").exists()


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        _settings(tmp_path, key_secret="short")


def test_a_secret_that_was_cut_off_in_writing_is_not_used(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    settings.var.mkdir()
    (settings.var / "key-secret").write_text("")
    with pytest.raises(BadSettings, match="key-secret"):
        key_secret(settings)


def test_what_is_sealed_is_bound_to_its_name_and_its_secret() -> None:
    vault = Vault("s" * 32)
    sealed = vault.seal("kid-1", b"private")
    assert vault.open("kid-1", sealed) == b"private"
    assert vault.seal("kid-1", b"private") != sealed
    for other, name in ((vault, "kid-2"), (Vault("t" * 32), "kid-1")):
        with pytest.raises(BadSettings):
            other.open(name, sealed)
