"""Lists on the terminal: as a table for people, nothing cut off; as tab-separated lines for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from web.clock import local


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print `rows` under `columns`; to a pipe or file with a tab between cells and the columns' names first."""
    console = Console()
    if not console.is_terminal:
        for cells in (columns, *rows):
            print("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in cells))
        return
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for cells in rows:
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)


def moment(seconds: float | None) -> str:
    """Return a time in China as people read it, or a dash."""
    return local(seconds).strftime("%Y-%m-%d %H:%M:%S") if seconds is not None else "-"
