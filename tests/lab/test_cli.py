"""The command line: what it offers, quickly, and mistakes as one line with exit code 1."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import COMMANDS, program
from tests.rules.tracked import ROOT
from web import serve


def manyou(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as people do."""
    return subprocess.run(
        [sys.executable, "-m", "lab.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_without_importing_it() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lab.cli", "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    for name, (_, text) in COMMANDS.items():
        assert name in listed.stdout
        assert text.split(".")[0] in listed.stdout
    for heavy in ("fastapi", "authlib", "jose", "uvicorn"):
        assert f" {heavy}\n" not in listed.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = manyou(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    assert program([name]) is not None


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with serve.bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        done = manyou("up", "--port-base", str(port), MANYOU_VAR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr


def test_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    done = manyou("up", MANYOU_VAR=str(tmp_path), MANYOU_COLOR="red")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "MANYOU_COLOR is not a setting" in done.stderr


def test_a_portal_folder_with_a_mistake_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "portals" / "shanxi"
    folder.mkdir(parents=True)
    (folder / "portal.toml").write_text("[service]\nhost = 7\n")
    done = manyou("up", "--portals", str(folder.parent), MANYOU_VAR=str(tmp_path / "var"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "[service]" in done.stderr
