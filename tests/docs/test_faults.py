"""docs/faults.md names tests and programs that are there, and every module of tests in tests/faults."""

from __future__ import annotations

import re
from importlib.util import find_spec

from tests.rules.tracked import ROOT

PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")


def test_what_it_names_is_there() -> None:
    paths = set(re.findall(r"`(tests/[\w./-]+)`", PAGE))
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    modules = set(re.findall(r"`python -m (tests[\w.]+)", PAGE))
    assert modules
    assert [name for name in modules if find_spec(name) is None] == []


def test_no_test_of_a_fault_is_missing() -> None:
    there = {f"tests/faults/{file.name}" for file in (ROOT / "tests/faults").glob("test_*.py")}
    assert sorted(path for path in there if f"`{path}`" not in PAGE) == []
