"""The files of the repository, as git knows them: what is there only on one machine breaks no rule."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("web", "idp", "portals", "lab")
PICTURES = frozenset({".png", ".jpg", ".ico", ".woff2"})


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is in the work tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def texts() -> list[tuple[str, str]]:
    """Every tracked text file: its path inside the repository, and what it says."""
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in tracked()
        if path.suffix not in PICTURES
    ]


def named(*suffixes: str) -> list[tuple[str, str]]:
    """The tracked text files whose names end in one of `suffixes`."""
    return [(name, text) for name, text in texts() if name.endswith(suffixes)]


def modules(*folders: str) -> list[tuple[str, ast.Module, str]]:
    """The Python modules in `folders` (the packages unless named): path, syntax tree, text."""
    inside = tuple(f"{folder}/" for folder in folders or PACKAGES)
    return [(name, ast.parse(text), text) for name, text in named(".py") if name.startswith(inside)]
