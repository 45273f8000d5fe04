"""How an inspection looks in a terminal: header and claims with their meaning, the checks, cause and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.claim_meanings import meaning, printable, readable
from lab.inspection import Inspection
from portals.checks.times import moment
from portals.finding import texts

USES = {
    "id_token": {"zh-CN": "身份令牌", "en": "ID token"},
    "refreshed_id_token": {"zh-CN": "身份令牌", "en": "ID token"},
    "access_token": {"zh-CN": "访问令牌", "en": "access token"},
    "logout_token": {"zh-CN": "登出令牌", "en": "logout token"},
}
WORDS = {
    "header": {"zh-CN": "头部", "en": "Header"},
    "claim": {"zh-CN": "声明", "en": "Claims"},
    "checks": {"zh-CN": "核验", "en": "Checks"},
    "name": {"zh-CN": "名称", "en": "name"},
    "value": {"zh-CN": "值", "en": "value"},
    "meaning": {"zh-CN": "含义", "en": "meaning"},
    "specification": {"zh-CN": "规范", "en": "specification"},
    "check": {"zh-CN": "检查", "en": "check"},
    "expected": {"zh-CN": "应为", "en": "expected"},
    "found": {"zh-CN": "实为", "en": "found"},
    "unseen": {
        "zh-CN": "这里没有会话和请求可对照，未核验（门户会核验）：",
        "en": "Not checked here, for want of the session and the request that a portal has: ",
    },
    "accepted": {"zh-CN": "通过", "en": "ACCEPTED"},
    "refused": {"zh-CN": "拒绝", "en": "REFUSED"},
    "cause": {"zh-CN": "原因：", "en": "Cause: "},
    "remedy": {"zh-CN": "办法：", "en": "Remedy: "},
    "nobody": {"zh-CN": "不属于任何门户", "en": "no portal of this region"},
}
MARKS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "not_checked": ("·", "dim")}


def print_inspection(found: Inspection, languages: Sequence[str], console: Console | None = None) -> None:
    """Print all of it in `languages`."""
    console = console or Console(highlight=False)
    kind = " / ".join(USES[found.use][language] for language in languages)
    console.print(Text(f"{kind} → {found.portal or _word('nobody', languages)}, {found.issuer}, {moment(found.now)}"))
    _print_parts(console, "header", found.verdict.header, found.now, languages)
    _print_parts(console, "claim", found.verdict.claims, found.now, languages)
    _print_checks(console, found, languages)
    _print_outcome(console, found, languages)


def _print_parts(
    console: Console, kind: Literal["header", "claim"], parts: Mapping[str, Any], now: float, languages: Sequence[str]
) -> None:
    table = _table(kind, ("name", "value", "meaning", "specification"), languages)
    for name, value in parts.items():
        about = meaning(kind, name)
        text = "\n".join(about.text[language] for language in languages)
        table.add_row(Text(printable(name), "bold"), Text(readable(name, value, now)), Text(text), Text(about.section))
    console.print(table)


def _print_checks(console: Console, found: Inspection, languages: Sequence[str]) -> None:
    table = _table("checks", ("", "check", "expected", "found"), languages)
    words = languages[0] if len(languages) == 1 else "en"
    for finding in found.verdict.findings:
        mark, style = MARKS[finding.result]
        name = Text(finding.code, style)
        name.append("\n" + " / ".join(finding.title(language) for language in languages), "dim")
        expected, seen = (finding.in_words(text, words) for text in (finding.expected, finding.found))
        table.add_row(Text(mark, style), name, Text(expected), Text(seen))
    console.print(table)


def _print_outcome(console: Console, found: Inspection, languages: Sequence[str]) -> None:
    verdict = found.verdict
    word, style = ("accepted", "bold green") if verdict.accepted else ("refused", "bold red")
    colon = "：" if tuple(languages) == ("zh-CN",) else ": "
    console.print(Text(f"{_word(word, languages)}{colon}{verdict.code}", style))
    unseen = [finding.code for finding in verdict.findings if finding.result == "not_checked"]
    if verdict.accepted and unseen:
        for language in languages:
            console.print(Text(f"{WORDS['unseen'][language]}{', '.join(unseen)}", "dim"))
    failure = verdict.failure
    for language in languages:
        title = failure.title(language) if failure else texts().text(language, f"{verdict.code}.title")
        console.print(Text(title, "bold"))
        if failure is not None:
            console.print(Text(f"{WORDS['cause'][language]}{failure.cause(language)}"))
            console.print(Text(f"{WORDS['remedy'][language]}{failure.remedy(language)}"))


def _table(title: str, columns: Sequence[str], languages: Sequence[str]) -> Table:
    table = Table(title=_word(title, languages), title_justify="left", box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(_word(column, languages) if column else "", overflow="fold")
    return table


def _word(name: str, languages: Sequence[str]) -> str:
    return " ".join(WORDS[name][language] for language in languages)
