"""The tour in Chromium: the same promises, a picture of each page, and one sentence where there is no browser."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

from tests.rules.tracked import ROOT

WITHOUT_PLAYWRIGHT = "import sys; sys.modules['playwright'] = None; from lab.cli import main; main()"


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "150", "NO_COLOR": "1", "TERM": "dumb", **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_it_keeps_a_picture_of_each_page(tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    done = run("-m", "lab.cli", "tour", "--browser", "--phone", "--shots", str(shots), "--within", "10")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    pictures = sorted(path.name for path in shots.iterdir())
    assert pictures[:4] == ["01-beijing-home.png", "02-idp-login.png", "03-beijing-home.png", "04-beijing-me.png"]
    for name in ("tianjin-me", "hebei-me", "xiongan-me", "xiongan-inspect", "idp-zone", "beijing-logout"):
        assert any(picture.endswith(f"-{name}.png") for picture in pictures)
    for picture in pictures:
        head = (shots / picture).read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        # PNG 11.2.2: width and height are the first two numbers of IHDR.
        assert struct.unpack(">II", head[16:24])[0] == 390


def test_without_chromium_one_sentence_says_so(tmp_path: Path) -> None:
    done = run("-m", "lab.cli", "tour", "--browser", CHROMIUM=str(tmp_path / "no-chromium"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--browser needs Chromium: install it")
    assert done.stderr.count("\n") == 1


def test_without_playwright_one_sentence_says_so() -> None:
    done = run("-c", WITHOUT_PLAYWRIGHT, "tour", "--browser")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--browser needs Playwright")
    assert done.stderr.count("\n") == 1
