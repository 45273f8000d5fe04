"""docs/add-a-portal.md: its example is a portal, its table lists every entry, its mistakes are said as quoted."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from idp.oauth.registration import client_from
from portals.portal import Portal, load
from portals.settings import PORTALS, Settings
from tests.docs.defined import rows
from tests.rules.tracked import ROOT
from web.addresses import BadPortalFile, portal_folders, read_portal_file

DOCUMENT = (ROOT / "docs/add-a-portal.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0]
QUOTED = re.findall(r"^    (langfang/portal\.toml: .*)$", DOCUMENT, re.MULTILINE)
MISTAKES = {
    "items[1].level": ("level = 2", "level = 5"),
    "client.redirect_uris": ('redirect_uris = ["{address}/callback"]', 'redirect_uris = ["{address}/elsewhere"]'),
    "[client] jwks_uri or jwks": ('jwks_uri = "{address}/jwks"\n', ""),
}


def _started(tmp_path: Path, text: str) -> Portal:
    """Load a portal as its own service does, then as the provider does."""
    folder = tmp_path / "langfang"
    folder.mkdir()
    (folder / "portal.toml").write_text(text, encoding="utf-8")
    portal = load(folder, Settings(portals=f"{PORTALS}:{tmp_path}"))
    client_from(read_portal_file(folder, 8000))
    return portal


def test_the_example_is_a_portal_to_both_sides(tmp_path: Path) -> None:
    portal = _started(tmp_path, EXAMPLE)
    client = client_from(read_portal_file(portal.folder, 8000))
    assert (portal.client_id, portal.address) == ("langfang", "http://langfang.localhost:8005")
    assert client.client_id == "langfang"
    assert client.redirect_uris == (portal.redirect_uri,)
    assert client.display.order == 5
    assert {"beijing", "tianjin", "hebei", "xiongan"} <= set(portal.others.values())


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_mistake_is_said_as_the_document_quotes_it(tmp_path: Path, quoted: str) -> None:
    [(right, wrong)] = [change for entry, change in MISTAKES.items() if entry in quoted]
    assert right in EXAMPLE
    with pytest.raises(BadPortalFile) as said:
        _started(tmp_path, EXAMPLE.replace(right, wrong))
    assert str(said.value).removeprefix(f"{tmp_path.as_posix()}/") == quoted


def test_every_mistake_here_is_quoted() -> None:
    assert len(QUOTED) == len(MISTAKES)


def test_the_table_lists_every_entry_of_every_portal() -> None:
    listed = {name for row in rows(DOCUMENT) for name in re.findall(r"`([a-z_.\"#]+)`", row[0])}
    used: set[str] = set()
    for folder in portal_folders(str(PORTALS)):
        used |= _entries(tomllib.loads((folder / "portal.toml").read_text(encoding="utf-8")))
    used |= _entries(tomllib.loads(EXAMPLE))
    assert used - listed == set()


def _entries(table: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for name, value in table.items():
        for part in value if isinstance(value, list) else [value]:
            found |= {f"{name}.{_quoted(word)}" for word in part}
    return found


def _quoted(word: str) -> str:
    return f'"{word}"' if "#" in word else word
