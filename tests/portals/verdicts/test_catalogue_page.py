"""docs/verdicts.md is what the code says now."""

from __future__ import annotations

from portals.finding import texts
from portals.verdict import CHECKS
from portals.verdict_docs import PAGE, page


def test_the_catalogue_in_the_documents_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run python -m portals.verdict_docs."


def test_the_catalogue_has_every_check_and_code_with_both_languages() -> None:
    text = page()
    for check in CHECKS:
        assert f"| `{check.code}` |" in text
        for code in check.failures:
            row = next(line for line in text.splitlines() if line.startswith(f"| `{code}` |"))
            assert check.section in row
            for language in ("zh-CN", "en"):
                assert all(texts().text(language, f"{code}.{part}") in row for part in ("title", "cause", "remedy"))
