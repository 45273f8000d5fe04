"""`manyou reset` empties the folder of state, that one only, and not under a running region."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.cli import program
from lab.state_folder import StateFolderBusy, hold


def reset(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None = None) -> tuple[int, str]:
    """Run `manyou reset` on `folder`; return exit code and output."""
    monkeypatch.setenv("MANYOU_VAR", str(folder))
    arguments = ["reset"] if answer else ["reset", "--yes"]
    done = CliRunner().invoke(program(arguments), arguments, input=answer)
    return done.exit_code, done.output


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A folder that a region has used."""
    folder = tmp_path / "var"
    with hold(folder):
        (folder / "idp.db").write_bytes(b"x")
        (folder / "portals" / "beijing").mkdir(parents=True)
        (folder / "portals" / "beijing" / "portal.db").write_bytes(b"x")
    return folder


def test_everything_in_the_folder_goes(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reset(used, monkeypatch)[0] == 0
    assert list(used.iterdir()) == []


def test_without_yes_it_asks(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reset(used, monkeypatch, "n\n")[0] == 1
    assert (used / "idp.db").exists()
    assert reset(used, monkeypatch, "y\n")[0] == 0
    assert not (used / "idp.db").exists()


def test_a_folder_in_use_is_left_alone(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold(used):
        code, said = reset(used, monkeypatch)
    assert (code, "is in use by a region" in said) == (1, True)
    assert (used / "idp.db").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    code, said = reset(tmp_path, monkeypatch)
    assert (code, "does not look like" in said) == (1, True)
    assert (tmp_path / "letters.txt").exists()


def test_a_folder_that_is_not_there_is_empty_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reset(tmp_path / "none", monkeypatch)[0] == 0


def test_a_link_out_of_the_folder_is_not_followed(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (used / "link").symlink_to(outside)
    assert reset(used, monkeypatch)[0] == 0
    assert (outside / "kept").exists()


def test_two_regions_cannot_share_a_folder(used: Path) -> None:
    with hold(used), pytest.raises(StateFolderBusy), hold(used):
        pytest.fail("both held it")
