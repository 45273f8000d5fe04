"""`manyou keys`, `people` and `audit`: what an operator sees and does, also while the region runs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RegionFactory
from tests.journeys.eventually import eventually
from tests.person import Person


def manyou(var: Path, *arguments: str, port_base: int = 8000) -> subprocess.CompletedProcess[str]:
    """Run a command on that state folder."""
    environment = {**os.environ, "MANYOU_VAR": str(var), "MANYOU_PORT_BASE": str(port_base), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "lab.cli", *arguments]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


def cells(printed: str) -> list[dict[str, str]]:
    """Read tab-separated lines."""
    head, *rows = [line.split("\t") for line in printed.splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture
def running(make_region: RegionFactory, tmp_path: Path) -> Any:
    return make_region(tmp_path / "var")


def test_lists_are_whole_and_can_be_piped(running: Any) -> None:
    keys = cells(manyou(running.var, "keys", "list").stdout)
    assert sorted((key["alg"], key["state"]) for key in keys) == [
        ("ES256", "current"), ("ES256", "next"), ("RS256", "current"), ("RS256", "next"),
    ]  # fmt: skip
    published = {row.kid for row in running.app("idp").state.parts.keys.rows()}
    assert {key["kid"] for key in keys} == published
    events = cells(manyou(running.var, "audit", "--event", "key.made").stdout)
    assert {event["detail"].removeprefix("kid=") for event in events} == published


def test_a_key_that_hardly_anybody_knows_is_not_made_current_core_10_1_1(running: Any) -> None:
    refused = manyou(running.var, "keys", "rotate")
    assert refused.returncode == 1
    assert "wait" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_freezing_an_account_reaches_the_portals_whatever_ports_the_command_thinks_of(running: Any) -> None:
    with Person(running) as person:
        person.visit("beijing")
        assert person.is_signed_in("beijing")
        assert manyou(running.var, "people", "freeze", "li.beijing", port_base=9000).returncode == 0
        assert eventually(lambda: not person.is_signed_in("beijing"))
    [event] = cells(manyou(running.var, "audit", "--event", "account.frozen").stdout)
    assert event["person"] == "li.beijing"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("people", "freeze", "nobody"), 1),
        (("people", "level", "li.beijing", "5"), 2),
        (("keys", "rotate", "--alg", "HS256"), 2),
        (("audit", "--event", "no.such"), 2),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(running: Any, arguments: tuple[str, ...], code: int) -> None:
    done = manyou(running.var, *arguments)
    assert done.returncode == code
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_without_state_there_is_nothing_to_operate_on(tmp_path: Path) -> None:
    done = manyou(tmp_path / "var", "keys", "list")
    assert done.returncode == 1
    assert "make run" in done.stderr


def test_a_number_that_nobody_gave_is_said_to_be_unknown(running: Any) -> None:
    done = manyou(running.var, "audit", "--incident", "AAAA-0000")
    assert (done.returncode, done.stdout) == (1, "")
    assert "AAAA-0000" in done.stderr


def test_a_portals_incident_is_found_in_the_log(running: Any) -> None:
    line = '{"logger": "portals", "message": "problem", "incident": "RDB9-NQC6", "code": "denied"}'
    (running.var / "manyou.log").write_text(f"{line}\n{{}}\n", encoding="utf-8")
    assert manyou(running.var, "audit", "--incident", "RDB9-NQC6").stdout.strip() == line


@pytest.mark.parametrize("var", ["/proc/nothing/here", "/etc/passwd"])
def test_a_state_folder_that_cannot_be_is_one_line(var: str) -> None:
    done = manyou(Path(var), "up", port_base=29900)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "MANYOU_VAR" in done.stderr


def test_the_audit_is_verified_while_it_goes_on_and_what_was_changed_is_named(running: Any) -> None:
    def verified() -> subprocess.CompletedProcess[str]:
        return manyou(running.var, "audit", "verify")

    with Person(running) as person:
        person.visit("beijing")
    assert eventually(lambda: "not sealed" not in verified().stderr)
    whole = verified()
    assert whole.returncode == 0, whole.stderr
    assert "Nothing is wrong" in whole.stderr
    heads = cells(whole.stdout)
    head = ":".join(heads[0].values())
    assert manyou(running.var, "audit", "verify", "--head", head).returncode == 0
    with sqlite3.connect(running.var / "idp.db") as database:
        [(changed,)] = database.execute("SELECT id FROM audit WHERE event = 'login.succeeded'").fetchall()
        database.execute("UPDATE audit SET user_id = 'somebody else' WHERE id = ?", (changed,))
    database.close()
    told = verified()
    assert told.returncode == 1
    assert f"Entry {changed} was changed." in told.stderr
    assert manyou(running.var, "audit", "verify", "--head", "no head").returncode == 2


def test_what_a_command_does_is_sealed_when_it_ends(running: Any) -> None:
    assert manyou(running.var, "people", "freeze", "li.beijing").returncode == 0
    running.stop()
    done = manyou(running.var, "audit", "verify")
    assert (done.returncode, "not sealed" in done.stderr) == (0, False), done.stderr
    assert len(cells(done.stdout)) == 2
