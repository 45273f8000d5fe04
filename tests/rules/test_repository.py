"""What a public repository must not hold, and what its locks must: no secret, no machine, no index's address."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.rules.tracked import ROOT, texts, tracked

# Written in pieces, so that this file is not its own finding.
FORBIDDEN = {
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"),
    "a private JWK": re.compile(r'"kty"\s*:.{0,400}"d"\s*:\s*"[A-Za-z0-9_-]{20,}"', re.DOTALL),
    "a signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:ro" + r"ot|ho" + r"me/[a-z]+|wo" + r"rk|opt/wheels)/"),
    "a package index": re.compile(r"pythonhosted\.|py" + r"pi\.org/|/sim" + r"ple/?\s|registry\.npm"),
    "a phone number that an operator assigns": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
}
MAIL = re.compile(r"\b[\w.+-]+@(?!example\.|.*\.example\b)[\w-]+\.(?:com|cn|org|net)\b")
SECRET_FILES = (".pem", ".key", ".p12", ".db", ".sqlite", "client-key.json", "key-secret", ".env")
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    found = [
        f"{name}: {match.group()[:40]}"
        for name, text in texts()
        if name not in LOCKS or what == "a package index"
        for match in FORBIDDEN[what].finditer(text)
    ]
    assert found == []


def test_mail_addresses_are_examples() -> None:
    assert [f"{name}: {match.group()}" for name, text in texts() for match in MAIL.finditer(text)] == []


def test_no_secret_or_state_is_tracked() -> None:
    assert [path.name for path in tracked() if path.name.endswith(SECRET_FILES)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 20
    assert [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ()), (LOCKS[1], ("dev",))])
def test_a_lock_holds_everything_that_is_asked_for(lock: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    for extra in extras:
        wanted += project["project"]["optional-dependencies"][extra]
    names = {re.split(r"[\[<>=~! ;]", requirement)[0].lower() for requirement in wanted}
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    assert names - pinned == set()
