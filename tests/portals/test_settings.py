"""The settings of `python -m portals`: what is refused, and with which sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portals.__main__ import main
from portals.settings import BadSettings, Settings, from_environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MANYOU_PORTBASE", "8000", "MANYOU_PORTBASE is not a setting of a portal"),
        ("MANYOU_PORTAL_SHOW_TOKEN", "1", "MANYOU_PORTAL_SHOW_TOKEN is not a setting"),
        ("MANYOU_PORT_BASE", "many", "MANYOU_PORT_BASE cannot be used"),
        ("MANYOU_PORT_BASE", "0", "MANYOU_PORT_BASE cannot be used"),
        ("MANYOU_DEMO", "perhaps", "MANYOU_DEMO cannot be used"),
        ("MANYOU_ISSUER", "idp.localhost", "MANYOU_ISSUER cannot be used"),
        ("MANYOU_CONNECT", "idp.localhost", "idp.localhost=10.0.0.5"),
        ("MANYOU_PORTAL_DATABASE", "mysql://here/portals", "should be sqlite:///path/to/file.db or postgresql://"),
        ("MANYOU_PORTAL_DATABASE", "sqlite:///var/portal.db", "should have {portal} in a file's path"),
        ("MANYOU_PORTAL_DATABASE_PASSWORD_FILE", "/nowhere", "is for a MANYOU_PORTAL_DATABASE such as"),
        ("MANYOU_PORTAL_IDLE_SECONDS", "1", "MANYOU_PORTAL_IDLE_SECONDS cannot be used"),
    ],
)
def test_a_wrong_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        from_environment()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_other_services_and_addresses_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANYOU_IDP_CODE_SECONDS", "30")
    monkeypatch.setenv("MANYOU_KEY_SECRET", "0" * 32)
    monkeypatch.setenv("MANYOU_ADDRESS_BEIJING", "https://beijing.example")
    assert from_environment().addresses == {"MANYOU_ADDRESS_BEIJING": "https://beijing.example"}


def test_each_portal_has_a_database_of_its_own_and_the_password_may_be_in_a_file(tmp_path: Path) -> None:
    assert Settings(var=Path("here")).database("hebei") == "sqlite:///here/portals/hebei/portal.db"
    assert Settings(portal_database="sqlite:////srv/{portal}.db").database("hebei") == "sqlite:////srv/hebei.db"
    (tmp_path / "password").write_text("p@ss\n")
    settings = Settings(
        portal_database="postgresql://manyou@db:5432/portals", portal_database_password_file=tmp_path / "password"
    )
    assert settings.database("hebei") == "postgresql://manyou:p%40ss@db:5432/portals"


def test_the_issuer_follows_the_port_base() -> None:
    assert Settings(port_base=9000).provider == "http://idp.localhost:9000"
    assert Settings(issuer="https://idp.example").provider == "https://idp.example"


@pytest.mark.parametrize(("demo", "said", "shown"), [(True, None, True), (False, None, False), (False, True, True)])
def test_tokens_are_shown_in_the_demo_unless_set(demo: bool, said: bool | None, shown: bool) -> None:
    assert Settings(demo=demo, portal_show_tokens=said).show_tokens is shown


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ([], {}, "Say which portal"),
        (["shanghai"], {}, "There is no portal called shanghai"),
        (["beijing"], {"MANYOU_PORTALS": "/nowhere"}, "/nowhere is not a folder"),
        (["beijing"], {"MANYOU_TYPO": "1"}, "MANYOU_TYPO"),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    environment: dict[str, str],
    says: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_the_module_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portals", "shanghai"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "There are: beijing, hebei, tianjin, xiongan." in done.stderr
