"""docs/specifications.md claims nothing without a file that does it and a test that holds it."""

from __future__ import annotations

import re

from tests.docs.defined import names_in, rows
from tests.rules.tracked import ROOT, named

ROWS = rows((ROOT / "docs/specifications.md").read_text(encoding="utf-8"))
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`([\w/]+\.\w+)`")


def test_every_clause_has_a_state() -> None:
    assert len(ROWS) > 60
    assert {row[2] for row in ROWS} == {"done", "partly", "not done"}


def test_every_named_file_exists() -> None:
    paths = {path for row in ROWS for path in FILE.findall(row[3])}
    assert sorted(path for path in paths if not (ROOT / path).is_file()) == []


def test_what_is_done_names_its_file_and_its_test() -> None:
    bare = [
        f"{row[0]}: {row[1]}" for row in ROWS if row[2] == "done" and not (FILE.search(row[3]) and TEST.search(row[4]))
    ]
    assert bare == []


def test_what_is_not_done_names_no_file_as_if_it_were_there() -> None:
    assert [row[1] for row in ROWS if row[2] == "not done" and FILE.search(row[3]) and "refused" not in row[1]] == []


def test_every_test_that_a_document_names_exists() -> None:
    named_tests = {(name, found) for name, text in named(".md") for found in TEST.findall(text)}
    missing = [f"{name}: {path}::{test}" for name, (path, test) in named_tests if test not in names_in(path)]
    assert sorted(missing) == []
