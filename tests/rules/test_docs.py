"""The documents point at things that are there."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.rules.tracked import ROOT, named

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE_PATH = re.compile(r"`((?:web|idp|portals|lab|tests|bench|docs)/[\w./-]+\.\w+)(?::\w+)?`")


def test_links_lead_somewhere() -> None:
    broken = []
    for name, text in named(".md"):
        for target in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            place, _, anchor = unquote(target).partition("#")
            path = (ROOT / name).parent / place if place else ROOT / name
            if not path.exists():
                broken.append(f"{name}: {target}")
            elif anchor and path.suffix == ".md" and anchor not in _anchors(path.read_text(encoding="utf-8")):
                broken.append(f"{name}: {target} has no such heading")
    assert broken == []


def test_files_named_in_documents_exist() -> None:
    said = [(name, path) for name, text in named(".md") for path in CODE_PATH.findall(text)]
    missing = [f"{name}: {path}" for name, path in said if not (ROOT / path).exists()]
    assert missing == []


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+\s+(.+?)\s*$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
