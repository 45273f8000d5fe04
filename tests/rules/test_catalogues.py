"""The texts of the pages: the same keys in both languages, none missing, none that no page uses."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

from tests.rules.tracked import ROOT, named
from web.language import LANGUAGES, Catalogue, flat

# Months are numbers in the one language and names in the other.
DATES = {"web.moment"}
SERVICES = ("web", "idp", "portals", "lab/tour")
# A whole key between quotes, or the beginning of one that is completed at run time: "scope." ~ scope, f"error.{code}".
KEY = re.compile(r"[\"'`]([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]*)+)(?=[\"'`{$])")
PAGE_KIND = re.compile(r"PageRefusal\(\s*\"([a-z_]+)\"")
ASKED = re.compile(r"\bt\(\s*[\"']([A-Za-z0-9_.-]+)[\"']\s*[,)]")


def _texts(service: str, language: str) -> dict[str, str]:
    return flat(tomllib.loads((ROOT / service / "locales" / f"{language}.toml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("service", SERVICES)
def test_both_languages_have_the_same_texts_and_blanks(service: str) -> None:
    chinese, english = (_texts(service, language) for language in LANGUAGES)
    assert sorted(chinese.keys() ^ english.keys()) == []
    uneven = {key for key in chinese if _blanks(chinese[key]) != _blanks(english[key])}
    assert uneven - DATES == set()


def test_a_text_in_one_language_only_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "zh-CN.toml").write_text('[a]\nb = "一"\nc = "二"\n', encoding="utf-8")
    (tmp_path / "en.toml").write_text('[a]\nb = "one"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"one language only: a\.c\."):
        Catalogue(tmp_path)


def _blanks(text: str) -> set[str]:
    return set(string.Template(text).get_identifiers())


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_is_used(service: str) -> None:
    own = _texts(service, "en")
    folders = tuple(f"{name}/" for name in (SERVICES if service == "web" else (service, "web")))
    sources = [text for name, text in named(".html", ".py", ".toml") if name.startswith(folders)]
    said = {key for text in sources for key in KEY.findall(text)}
    beginnings = tuple(key for key in said if key.endswith((".", "_")))
    assert sorted(key for key in own if key not in said and not key.startswith(beginnings)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_that_a_page_asks_for_exists(service: str) -> None:
    known = {*_texts("web", "en"), *_texts(service, "en")}
    asked = {key for name, text in named(".html") if name.startswith(f"{service}/") for key in ASKED.findall(text)}
    assert sorted(asked - known) == []


def test_every_kind_of_refusal_that_is_a_page_has_its_texts() -> None:
    own = _texts("idp", "en")
    kinds = {kind for name, text in named(".py") if name.startswith("idp/") for kind in PAGE_KIND.findall(text)}
    assert {"unknown_client", "bad_redirect_uri", "request_uri"} <= kinds
    wanted = {f"error.{kind}.{part}" for kind in kinds for part in ("title", "what", "todo")}
    assert sorted(wanted - own.keys()) == []
