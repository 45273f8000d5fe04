"""What a file defines, so that a document that names it can be held to it."""

from __future__ import annotations

import ast
from functools import cache

from tests.rules.tracked import ROOT


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions, classes, methods (`Class.method`) and constants of a Python file, by the names they have there."""
    file = ROOT / path
    return frozenset(_names(ast.parse(file.read_text(encoding="utf-8")).body)) if file.is_file() else frozenset()


def _names(body: list[ast.stmt], prefix: str = "") -> list[str]:
    found: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            found += _names(node.body, f"{prefix}{node.name}.")
        if isinstance(node, ast.Assign):
            found += [prefix + target.id for target in node.targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(prefix + node.target.id)
    return found


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a Markdown text, without heads and rules."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for number, line in enumerate(lines)
        if line.startswith("|")
        and not line.startswith("|--")
        and not (number + 1 < len(lines) and lines[number + 1].startswith("|--"))
    ]
