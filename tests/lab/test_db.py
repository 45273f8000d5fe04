"""`manyou db`: what an operator does with the whole database, while the provider runs where that is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.idp.provider import Provider
from tests.postgres import PostgresServer


def manyou(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MANYOU_IDP_DATABASE": url, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "lab.cli", "db", *arguments]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'provider' / 'idp.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh()


def test_a_session_outlives_a_loss_of_the_database_by_a_backup(url: str, tmp_path: Path) -> None:
    backup = str(tmp_path / "kept.backup")
    assert "0 ->" in manyou(url, "migrate").stdout
    assert "already" in manyou(url, "migrate").stdout
    (tmp_path / "place").mkdir()
    with Provider(tmp_path / "place", idp_database=url) as provider:
        client, visitor = provider.client("alpha"), provider.visitor()
        tokens = client.tokens(visitor)
        done = manyou(url, "backup", backup)
        assert done.returncode == 0, done.stderr
        assert "sessions\t1" in done.stdout
        # Lost with what came later.
        assert client.end_session(visitor, id_token_hint=tokens.id_token).status_code in (200, 302, 303)
        provider.region.stop_service("idp")
        done = manyou(url, "restore", "--yes", backup)
        assert done.returncode == 0, done.stderr
        assert manyou(url, "check").returncode == 0
        provider.region.start_service("idp")
        assert client.refresh(tokens.refresh_token).status_code == 200


def test_mistakes_are_a_sentence_and_an_exit_code(url: str, tmp_path: Path) -> None:
    manyou(url, "migrate")
    (tmp_path / "there").write_bytes(b"precious")
    for arguments in (
        ("backup", str(tmp_path / "there")),
        ("restore", "--yes", str(tmp_path / "there")),
        ("restore", "--yes", str(tmp_path / "not there")),
        ("backup", str(tmp_path / "no" / "folder")),
    ):
        done = manyou(url, *arguments)
        assert done.returncode == 1, arguments
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert "Traceback" not in done.stderr
    away = manyou("postgresql://manyou:kept-secret@127.0.0.1:1/manyou", "check")
    assert away.returncode == 1
    assert "kept-secret" not in away.stderr
    assert len(away.stderr.strip().splitlines()) == 1
    # Nobody says yes here.
    assert manyou(url, "restore", str(tmp_path / "there")).returncode == 1
