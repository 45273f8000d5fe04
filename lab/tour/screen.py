"""What the terminal shows of a tour while it happens; masks only, never a full name, a token or a code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

import web.pages
from lab.tour.hop import Hop
from lab.tour.report import Report, Visit
from portals.portal import Portal
from web.language import LANGUAGES, Catalogue

BESIDE = 136
"""From how many columns on the words stand beside the request instead of under it."""
WORDS_AT = 73
NAME_COLUMNS = 8
SPACE = "  "


class Screen:
    """Prints in each of `languages`; `quiet` prints the summary only. A context manager: the bar is gone afterwards."""

    def __init__(self, console: Console, languages: Sequence[str] = LANGUAGES, *, quiet: bool = False) -> None:
        self._console = console
        self._languages = languages
        self._quiet = quiet
        self._texts = Catalogue(Path(web.pages.__file__).parent / "locales", Path(__file__).parent / "locales")
        self._bar = Progress(
            TextColumn("  {task.description}"), BarColumn(24), MofNCompleteColumn(),
            console=console, transient=True, disable=quiet or not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def words(self, key: str, **values: object) -> str:
        """Return a text in every language of the screen; a mapping among `values` holds one value per language."""
        return SPACE.join(self._lines(key, **values))

    def begin(self, steps: int, start: Portal, name: str, username: str) -> None:
        """Say who sets out, and for how many steps."""
        self._bar.update(self._task, total=steps)
        self._say("\n[bold]Manyou 漫游[/]", *self._lines("step.begin", name=name, username=username, start=start.short))

    def step(self, key: str, here: Portal | None = None) -> None:
        """Begin a step."""
        text = self.words(key, here=here.short) if here else self.words(key)
        self._bar.update(self._task, description=text)
        self._say(f"\n[bold]{text}[/]")

    def step_done(self) -> None:
        """Move the bar on."""
        self._bar.advance(self._task)

    def hop(self, hop: Hop) -> None:
        """Show one request and its answer."""
        if self._quiet:
            return
        colour = "red" if hop.meaning == "hop.refused" or hop.status >= 500 else "cyan" if hop.status < 300 else "blue"
        request = Text.assemble(
            f"  {hop.method:<4} ", (f"{hop.status}", colour), f" {hop.milliseconds:>5.0f} ms  ",
            (f"{hop.service:<{NAME_COLUMNS}}", "bold"), f" {hop.url}",
        )  # fmt: skip
        words = self.words(hop.meaning)
        beside = self._console.width >= BESIDE and request.cell_len < WORDS_AT
        if beside:
            request.append(" " * (WORDS_AT - request.cell_len) + words, "dim")
        self._console.print(request, no_wrap=True, overflow="ellipsis")
        if not beside:
            self._console.print(Text(" " * 11 + words, "dim"))

    def fact(self, key: str, **values: object) -> None:
        """Show something that was seen to be as promised: on one line where every language fits."""
        lines = self._lines(key, **values)
        together = SPACE.join(lines)
        fits = cell_len(together) + 4 <= self._console.width
        self._say(*(f"  [green]✓[/] {line}" for line in ([together] if fits else lines)))

    def learned(self, portal: Portal, visit: Visit, first: tuple[Portal, Visit] | None) -> None:
        """Show what a portal learned and which checks the tokens passed; in full where `first` passed others."""
        level, home = self._each(f"level.{visit.level}"), self._each(f"region.{visit.home}")
        way = self._each("fact.at_home" if visit.at_home else "fact.roaming")
        self.fact("fact.learned", here=portal.short, name=visit.name, level=level, home=home, visit=way)
        if first is not None and (first[1].id_token, first[1].access_token) == (visit.id_token, visit.access_token):
            counts = {"id": len(visit.id_token.passed), "access": len(visit.access_token.passed)}
            self.fact("fact.same_checks", first=first[0].short, **counts)
            return
        for token, checks in (("id_token", visit.id_token), ("access_token", visit.access_token)):
            self.fact("fact.checks", token=self._each(f"fact.{token}"), passed=len(checks.passed))
            codes = " ".join(code.removeprefix("token.") for code in checks.passed)
            self._say(Padding(Text(codes, "dim"), (0, 0, 0, 6)))

    def summary(self, report: Report, pictures: Path | None = None) -> None:
        """Show the numbers, and whether everything was as promised."""
        table = Table(box=None, show_header=False, padding=(0, 2))
        table.add_row(self.words("sum.passwords"), str(report.passwords_typed))
        table.add_row(self.words("sum.portals"), str(len(report.visits)))
        for key, number in (("sum.roam", report.median_roam), ("sum.log_out", report.longest_log_out)):
            if number is not None:
                table.add_row(self.words(key), f"{number:.0f} ms")
        if pictures is not None:
            table.add_row(self.words("sum.pictures"), str(pictures))
        verdict = (
            f"[bold red]✗ {self.words('sum.broken')}[/]"
            if report.broken
            else f"[bold green]✓ {self.words('sum.kept')}[/]"
        )
        self._console.print(f"\n[bold]{self.words('sum.title')}[/]  {report.person}  {verdict}")
        self._console.print(table)

    def _lines(self, key: str, **values: object) -> list[str]:
        return [self._text(language, key, values) for language in self._languages]

    def _text(self, language: str, key: str, values: dict[str, object]) -> str:
        own = {name: value[language] if isinstance(value, dict) else value for name, value in values.items()}
        return self._texts.text(language, key, own)

    def _each(self, key: str) -> dict[str, str]:
        return {language: self._texts.text(language, key) for language in LANGUAGES}

    def _say(self, *lines: RenderableType) -> None:
        if not self._quiet:
            for line in lines:
                self._console.print(line, highlight=False)
