"""What the programs that measure roams can be told: which checkouts, kinds of client and databases, and how often."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from client_kinds import KINDS, ClientKind
from contender import DATABASES, SQLITE

HERE = ("here", Path(__file__).resolve().parents[1])


def parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser that says what the first line of `documentation` says, and knows --kind and --database."""
    made = argparse.ArgumentParser(description=documentation.splitlines()[0] if documentation else None)
    names = [kind.name for kind in KINDS]
    made.add_argument("--kind", choices=names, action="append", help="default: all of them")
    made.add_argument("--database", choices=DATABASES, action="append", help=f"default: {SQLITE}")
    return made


def kinds(options: argparse.Namespace) -> Sequence[type[ClientKind]]:
    """Return the kinds of client that were asked for."""
    return [kind for kind in KINDS if not options.kind or kind.name in options.kind]


def databases(options: argparse.Namespace) -> Sequence[str]:
    """Return the databases that were asked for."""
    return options.database or [SQLITE]


def named_path(text: str) -> tuple[str, Path]:
    """Read NAME=PATH, the path being a checkout."""
    name, equals, path = text.partition("=")
    if not name or not equals or not (Path(path) / "idp" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} should be NAME=PATH, the path being a checkout of Manyou.")
    return name, Path(path).resolve()


def positive(text: str) -> int:
    """Read a number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a number from 1 on.")
    return int(text)
