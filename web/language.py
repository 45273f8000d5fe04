"""zh-CN and en: which one a person reads, and the texts in it."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import negotiate_locale
from starlette.requests import Request

LANGUAGES = ("zh-CN", "en")
COOKIE = "manyou_language"


def choose(request: Request, ui_locales: str | None = None) -> str:
    """Return the language of the answer: the switch's cookie, then `ui_locales`, then Accept-Language, then zh-CN."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    wanted = (ui_locales or "").split() + _accepted(request.headers.get("accept-language", ""))
    return best(wanted)


def best(wanted: Iterable[str]) -> str:
    """Return the first of LANGUAGES that `wanted` (BCP 47 tags, best first) allows, else zh-CN."""
    spread = [form for tag in wanted for form in (tag, tag.split("-")[0])]
    found = negotiate_locale(spread, ["zh-CN", "zh", "en"], sep="-")
    return "en" if found == "en" else "zh-CN"


def _accepted(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in header[:1000].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((weight, tag))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]


class Catalogue:
    """The texts of one service: `zh-CN.toml` and `en.toml` in one folder, flat keys (`login.title`) to strings.

    Placeholders are `$name` (string.Template). Raises ValueError when the two files have different keys.
    """

    def __init__(self, *folders: Path) -> None:
        self._texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for folder in folders:
            for language in LANGUAGES:
                table = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
                self._texts[language].update(flat(table))
        odd = set(self._texts["zh-CN"]) ^ set(self._texts["en"])
        if odd:
            raise ValueError(f"These texts exist in one language only: {', '.join(sorted(odd))}.")

    def text(self, language: str, key: str, values: Mapping[str, object] | None = None) -> str:
        """Return the text of `key`. Raises KeyError on an unknown key or a missing value."""
        return string.Template(self._texts[language][key]).substitute(values or {})

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts["zh-CN"]


def flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Return the texts of nested tables under dotted keys."""
    texts: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            texts.update(flat(value, f"{prefix}{key}."))
        else:
            texts[prefix + key] = str(value)
    return texts
