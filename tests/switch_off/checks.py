"""Finds the checks in a module and puts a switch before each.

A check is a `raise`, a call of a function that never returns, or a branch of an `if` in which nothing happens but that
something is refused in another way: None, False or a failure returned, or a reason noted. Where any of several
conditions refuses, or all have to be met for True to be returned, each of them is a check, too: a part of one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SWITCH = "from tests.switch_off import switched as _switched"
REASONS = frozenset({"why"})
FAILURES = frozenset({"failed"})


@dataclass(frozen=True)
class Check:
    """One check: its number, where it is, and its first line."""

    number: int
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class _Switches(ast.NodeTransformer):
    def __init__(self, file: str, source: str, numbers: Iterator[int], never_return: frozenset[str]) -> None:
        self.found: list[Check] = []
        self._file = file
        self._lines = source.splitlines()
        self._numbers = numbers
        self._never_return = never_return

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if node.exc is None:
            return node
        return ast.If(self._ask(node), [node], [])

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in self._never_return:
            return ast.If(self._ask(node), [node], [])
        return node

    def visit_If(self, node: ast.If) -> ast.stmt:
        refuses = len(node.body) == 1 and _refuses(node.body[0])
        if refuses or self._ends_by_refusing(node.body):
            node.test = self._in_parts(node.test, ast.Or)
        if refuses:
            node.test = ast.BoolOp(ast.And(), [node.test, self._ask(node)])
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        if isinstance(node.returns, ast.Name) and node.returns.id == "bool":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    inner.value = self._in_parts(inner.value, ast.And)
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self.visit_FunctionDef(node)

    def _ends_by_refusing(self, body: list[ast.stmt]) -> bool:
        """Tell whether the branch ends by what is a check of its own."""
        last = body[-1]
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and isinstance(last.value.func, ast.Name):
            return last.value.func.id in self._never_return
        return isinstance(last, ast.Raise)

    def _in_parts(self, test: ast.expr, joint: type[ast.boolop]) -> ast.expr:
        """Put a switch to each of several conditions that are joined by `joint`: one refuses by Or, all let by And.

        One alone is what the check is about, and has its switch.
        """
        other: type[ast.boolop] = ast.And if joint is ast.Or else ast.Or
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self._in_parts(test.operand, other)
        elif isinstance(test, ast.BoolOp):
            of_joint = isinstance(test.op, joint)
            test.values = [self._part(one, joint) if of_joint else self._in_parts(one, joint) for one in test.values]
        elif isinstance(test, ast.Compare) and len(test.ops) > 1 and joint is ast.And:
            sides = [test.left, *test.comparators]
            pairs = zip(sides, test.ops, sides[1:], strict=False)
            single = [ast.copy_location(ast.Compare(left, [op], [right]), test) for left, op, right in pairs]
            return ast.copy_location(ast.BoolOp(ast.And(), [self._part(one, joint) for one in single]), test)
        return test

    def _part(self, condition: ast.expr, joint: type[ast.boolop]) -> ast.expr:
        """Put a switch to one of the conditions, asked where it decides: off, it is as if it were not written there."""
        text = f"part: {ast.unparse(condition)}"
        before = len(self.found)
        condition = self._in_parts(condition, joint)
        if len(self.found) > before:
            return condition
        asked = self._ask(condition, text)
        decided = [condition, ast.UnaryOp(ast.Not(), asked)] if joint is ast.And else [condition, asked]
        return ast.copy_location(ast.BoolOp(ast.Or() if joint is ast.And else ast.And(), decided), condition)

    def _ask(self, node: ast.stmt | ast.expr, text: str = "") -> ast.expr:
        number = next(self._numbers)
        self.found.append(Check(number, self._file, node.lineno, text or self._lines[node.lineno - 1].strip()))
        switched = ast.Attribute(ast.Name("_switched", ast.Load()), "on", ast.Load())
        return ast.Call(switched, [ast.Constant(number)], [])


def _refuses(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        value = statement.value
        if isinstance(value, ast.Call):
            return isinstance(value.func, ast.Name) and value.func.id in FAILURES
        return value is None or (isinstance(value, ast.Constant) and value.value in (None, False))
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(one, ast.Attribute) and one.attr in REASONS for one in targets)


def _never_return(tree: ast.Module) -> frozenset[str]:
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name) and node.returns.id == "NoReturn"
    )


def switchable(file: str, source: str, numbers: Iterator[int]) -> tuple[str, list[Check]]:
    """Return the module's source with its switches, and the checks that have them."""
    tree = ast.parse(source)
    switches = _Switches(file, source, numbers, _never_return(tree))
    switches.visit(tree)
    # After the docstring and __future__.
    place = next(
        at
        for at, node in enumerate([*tree.body, None])
        if not (isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__"))
    )
    tree.body[place:place] = ast.parse(SWITCH).body
    return ast.unparse(ast.fix_missing_locations(tree)), switches.found


def put_in(root: Path, places: list[str], numbers: Iterator[int]) -> list[Check]:
    """Put switches into every module below these places of a copy, and return the checks."""
    checks: list[Check] = []
    for place in places:
        path = root / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            source, found = switchable(file.relative_to(root).as_posix(), file.read_text("utf-8"), numbers)
            if found:
                file.write_text(source, "utf-8")
            checks += found
    return checks
