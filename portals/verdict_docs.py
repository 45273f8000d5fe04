"""Writes docs/verdicts.md from the list of checks and their texts: `python -m portals.verdict_docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portals.checks.evidence import Check
from portals.checks.form import SIZE_LIMIT
from portals.finding import ACCEPTED, texts
from portals.verdict import CHECKS, UNDECIDED
from web.dpop import LEEWAY

PAGE = Path(__file__).parent.parent / "docs" / "verdicts.md"
_USES = {
    "id_token": "ID",
    "refreshed_id_token": "ID after refresh",
    "access_token": "access",
    "logout_token": "logout",
}


def page() -> str:
    """Return docs/verdicts.md as the code has it now."""
    return "\n".join([*_introduction(), "", *_checks(), "", *_codes()]) + "\n"


def _introduction() -> Iterator[str]:
    yield "# Verdicts 核验结论"
    yield ""
    yield "<!-- Made by `python -m portals.verdict_docs`; a test compares. -->"
    yield ""
    yield (
        "A portal accepts or refuses a token by an ordered list of checks, `CHECKS` in `portals/verdict.py`. The first"
        " failure ends the list and its code is the verdict's; the checks after it are `not_checked`, as are those that"
        f" need a session which is not there. When all hold, the code is `{ACCEPTED}`. One leeway, {LEEWAY} s, holds"
        f" for every time; a token has at most {SIZE_LIMIT} bytes. Callers over HTTP get only what RFC 6750 allows and"
        " an incident number; the log has the code under that number. `/inspect` and `manyou inspect` show the whole"
        " verdict."
    )
    yield ""
    yield (
        "门户按固定顺序逐项核验令牌，遇到第一项不符即拒绝，其代码就是核验结论的代码；其后的检查，以及缺少会话而无从比较的检查，"
        f"均记为 `not_checked`。全部相符时代码为 `{ACCEPTED}`。所有时间统一允许 {LEEWAY} 秒误差。"
    )


def _checks() -> Iterator[str]:
    yield "## The checks in order 检查顺序"
    yield ""
    yield "| | check | 检查 | what is checked | of which tokens | specification |"
    yield "|---|---|---|---|---|---|"
    for number, check in enumerate(CHECKS, 1):
        zh, en = (texts().text(language, f"{check.code}.title") for language in ("zh-CN", "en"))
        yield f"| {number} | `{check.code}` | {zh} | {en} | {_uses(check)} | {check.section} |"
    yield ""
    yield "Core is OpenID Connect Core 1.0; Back-Channel Logout is OpenID Connect Back-Channel Logout 1.0."


def _codes() -> Iterator[str]:
    yield "## The codes 代码"
    yield ""
    yield "| code | 中文：原因，办法 | cause and remedy | specification |"
    yield "|---|---|---|---|"
    rows = [(code, check.section) for check in CHECKS for code in check.failures]
    for code, section in [*rows, (UNDECIDED, "(own rule: refuse what cannot be judged)")]:
        yield f"| `{code}` | {_text('zh-CN', code)} | {_text('en', code)} | {section} |"


def _text(language: str, code: str) -> str:
    title, cause, remedy = (texts().text(language, f"{code}.{part}") for part in ("title", "cause", "remedy"))
    return f"**{title}**<br>{cause}<br>→ {remedy}".replace("|", "\\|")


def _uses(check: Check) -> str:
    if check.uses == set(_USES):
        return "all"
    return ", ".join(name for use, name in _USES.items() if use in check.uses)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
