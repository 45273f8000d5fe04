"""The texts of a service: the same ones in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.language import Catalogue


@pytest.mark.parametrize("alone", ["zh-CN", "en"])
def test_a_text_in_one_language_only_stops_the_start(tmp_path: Path, alone: str) -> None:
    for language in ("zh-CN", "en"):
        text = '[page]\ntitle = "x"\n' + ('only = "x"\n' if language == alone else "")
        (tmp_path / f"{language}.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"one language only: page\.only"):
        Catalogue(tmp_path)
