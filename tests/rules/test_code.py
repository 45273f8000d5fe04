"""House rules of the code that no linter holds: directions, sizes, docstrings, what must not be left behind."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

from tests.rules.tracked import ROOT, modules, named, texts

FILE_LINES = 400
MEDIAN_LINES = 150
FUNCTION_LINES = 60

# Imports inside functions, each with its reason.
HIDDEN_IMPORTS = {
    "lab/up.py": "the start screen is drawn when the services answer already",
    "tests/browser_setup.py": "runs before it is known whether Playwright's part is needed",
}
# Written here so that this file does not hold them.
LEFT_BEHIND = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error", "mark." + "skip", "pytest." + "skip")


def test_imports_point_in_the_agreed_direction() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache", "--config", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{name}:{inner.lineno}"
        for name, tree, _ in modules("web", "idp", "portals", "lab", "tests", "bench")
        if name not in HIDDEN_IMPORTS
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_no_file_is_too_long() -> None:
    lengths = {name: text.count("\n") for name, text in named(".py", ".html", ".css")}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}
    assert statistics.median(lengths.values()) < MEDIAN_LINES


def test_no_function_is_too_long() -> None:
    long = {
        f"{name}:{node.name}": length
        for name, tree, _ in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_everything_public_says_what_it_is() -> None:
    silent = [f"{name}: the module" for name, tree, _ in modules() if tree.body and not ast.get_docstring(tree)]
    for name, tree, _ in modules():
        silent += [f"{name}:{node.name}" for node in _public(tree.body) if not ast.get_docstring(node)]
    assert silent == []


def _public(body: list[ast.stmt]) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    found: list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = []
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += [inner for inner in _public(node.body) if not _is_overload(inner)]
    return found


def _is_overload(node: ast.AST) -> bool:
    marks = getattr(node, "decorator_list", [])
    return any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in marks)


def test_nothing_is_left_for_later() -> None:
    left = [f"{name}: {word}" for name, text in texts() for word in LEFT_BEHIND if word in text and name != "LICENSE"]
    assert left == []
