"""The decision notes are notes: one page, four questions; and every dependency has its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.defined import rows
from tests.rules.tracked import ROOT

NOTES = sorted((ROOT / "docs/decisions").glob("*.md"))
MOST_LINES = 60


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem)
def test_a_note_is_one_page_that_answers_the_four_questions(note: Path) -> None:
    text = note.read_text(encoding="utf-8")
    assert text.startswith(f"# {note.name[:4]} ")
    assert len(text.splitlines()) <= MOST_LINES
    for part in ("**Context.**", "**Decision.**", "**Consequence.**", "**Revisit**"):
        assert part in text


def test_numbers_have_no_gap_and_none_twice() -> None:
    assert [note.name[:4] for note in NOTES] == [f"{number:04}" for number in range(1, len(NOTES) + 1)]


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[<>=]", requirement)[0] for requirement in project["dependencies"]}
    told = {word for row in rows(text) for word in re.split(r"[ ,]+", row[0]) if not re.fullmatch(r"[\d.]+", word)}
    assert told - {"package"} == wanted
    for requirement in project["optional-dependencies"]["dev"]:
        name = re.split(r"[\[<>=]", requirement)[0].removeprefix("pytest-").removeprefix("types-")
        assert name in text


def test_the_number_of_packages_is_that_of_the_locks() -> None:
    text = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    locks = [(ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-dev.lock")]
    run, test = (len(re.findall(r"^[a-z0-9._-]+==", lock, re.MULTILINE)) for lock in locks)
    assert f"{run} packages in all are installed to run the region, {test} to test it" in text
