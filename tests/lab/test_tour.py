"""The tour: it keeps its promises on a real region, and says which one was broken where a portal is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from typer.testing import CliRunner

from idp.people import demo_people
from lab.cli import program
from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.lab import breakage
from tests.rules.tracked import ROOT

# How fast a log-out is everywhere is measured on a machine that does nothing else; here others work beside it.
PATIENT = ("--within", "10")


def tour(region: RegionThread, *arguments: str, var: Path | None = None) -> Result:
    """Walk through a region that runs in this process; `var` is where its state is looked for."""
    base = urlsplit(region.issuer).port
    environment = {
        "MANYOU_PORT_BASE": str(base),
        "MANYOU_VAR": str(var or region.var),
        "COLUMNS": "150",
        "NO_COLOR": "1",
    }
    return CliRunner(env=environment).invoke(program(["tour"]), ["tour", "--running", *PATIENT, *arguments])


@pytest.fixture
def report(region: RegionThread, tmp_path: Path) -> dict[str, Any]:
    """What a tour of the shared region came to."""
    done = tour(region, "--quiet", "--json", str(tmp_path / "tour.json"))
    assert (done.exit_code, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads((tmp_path / "tour.json").read_text(encoding="utf-8"))
    return found


def test_one_password_opens_four_portals(report: dict[str, Any]) -> None:
    assert report["kept"] is True
    assert (report["passwords_typed"], report["portals_visited"]) == (1, 4)
    visits = {visit["portal"]: visit for visit in report["visits"]}
    assert list(visits) == ["beijing", "tianjin", "hebei", "xiongan"]
    assert {(visit["name"], visit["level"], visit["home"]) for visit in visits.values()} == {("李*", 3, "110000")}
    assert [name for name, visit in visits.items() if visit["at_home"]] == ["beijing"]
    assert set(report["log_out_milliseconds"]) == set(visits)
    assert report["median_roam_milliseconds"] > 0
    hops = [(hop["service"], hop["path"], hop["status"]) for hop in report["hops"]]
    for name in ("tianjin", "hebei", "xiongan"):
        at = hops.index((name, "/login", 303))
        assert hops[at + 1 : at + 4] == [("idp", "/authorize", 303), (name, "/callback", 303), (name, "/me", 200)]
        id_token, access_token = visits[name]["id_token"]["passed"], visits[name]["access_token"]["passed"]
        assert {"token.signature", "token.iss", "token.aud", "token.nonce"} <= set(id_token)
        assert {"token.signature", "token.aud", "token.sid.live"} <= set(access_token)


def test_a_region_of_its_own_is_told_hop_by_hop_and_nothing_secret() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab.cli", "tour", *PATIENT, "--json", "-"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "150", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stderr.splitlines()
    for hop in json.loads(done.stdout)["hops"]:
        wanted = (f"  {hop['method']} ", f" {hop['status']} ", f"  {hop['service']} ", hop["path"])
        assert any(all(word in line for word in wanted) for line in told), wanted
    for words in (
        "漫游到河北  roam to Hebei",
        "输入密码  the password is typed",
        "Hebei learned: 李* · Level 3 · real person checked · home Beijing · roaming",
        "size shape header",
        "says that 4 portals were told",
        "说到做到  as promised",
    ):
        assert words in done.stderr
    assert secrets_in(done.stdout + done.stderr) == []


def secrets_in(said: str) -> list[str]:
    """Return what looks like a secret: names, the password, tokens, and anything else that is long and random."""
    password, people = demo_people.read()
    known = [word for word in (password, "eyJ", *(one.person.real_name for one in people)) if word in said]
    named = re.findall(r"(?:code|state|interaction|csrf|id_token_hint)=(?!…).{4}", said)
    return known + named + re.findall(r"(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{16,}", said)


def test_another_person_starts_elsewhere(region: RegionThread) -> None:
    done = tour(region, "--person", "zhao.hebei", "--start", "xiongan", "--language", "en")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "log in at Xiong'an" in done.stdout
    assert "Hebei learned: 赵* · Level 1 · registered · home Hebei · at home" in done.stdout


def test_a_token_is_of_no_use_without_the_portals_key(region: RegionThread, report: dict[str, Any]) -> None:
    calls = [(hop["status"], hop["meaning"]) for hop in report["hops"] if hop["path"] == "/api/whoami"]
    assert {meaning: status for status, meaning in calls} == {
        "hop.whoami": 200, "hop.stolen": 401, "hop.foreign": 401, "hop.whoami_gone": 401
    }  # fmt: skip
    assert calls.count((401, "hop.stolen")) == len(region.portal_names)


def test_where_the_portals_keys_are_not_to_be_had_their_apis_are_tried_as_a_thief_would(
    region: RegionThread, tmp_path: Path
) -> None:
    done = tour(region, "--json", str(tmp_path / "tour.json"), var=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    hops = json.loads((tmp_path / "tour.json").read_text(encoding="utf-8"))["hops"]
    assert {hop["status"] for hop in hops if hop["path"] == "/api/whoami"} == {401}


def test_quiet_is_the_summary_only(region: RegionThread) -> None:
    done = tour(region, "--quiet")
    assert done.exit_code == 0
    assert done.stdout.count("\n") <= 7
    assert "Passwords typed" in done.stdout


def test_a_portal_that_is_down(make_region: RegionFactory) -> None:
    region = make_region()
    region.stop_service("hebei")
    done = tour(region)
    host = urlsplit(region.address("hebei")).netloc
    assert done.exit_code == 1
    assert done.stderr == f"Not as promised, roam to hebei: {host} does not answer (ConnectError).\n"
    assert "没有做到  not as promised" in done.stdout


@pytest.mark.parametrize(
    ("broken", "wrap", "sentence"),
    [
        ("tianjin", breakage.deaf, r"log-out everywhere: .*a session lives on at tianjin \(/me 200, /api/whoami 200\)"),
        ("xiongan", breakage.mixes_people_up, r"roam to xiongan: /me shows another person: 王\*, not 李\*\."),
        ("hebei", breakage.asks_for_a_password, r"roam to hebei: the provider stopped the person with /login\."),
        (
            "hebei",
            breakage.takes_any_token,
            r"roam to hebei: /api/whoami answers 200 to a token for tianjin, not 401\.",
        ),
    ],
)
def test_a_portal_that_is_broken(
    make_region: RegionFactory,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    wrap: breakage.Wrap,
    sentence: str,
) -> None:
    region = make_region()
    breakage.breaks(region, broken, wrap, monkeypatch)
    done = tour(region, "--within", "1")
    assert done.exit_code == 1
    assert re.fullmatch(rf"Not as promised, {sentence}.*\n", done.stderr)
    assert secrets_in(done.stdout + done.stderr) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--running", "--port-base", "1"), "No region is running at http://idp.localhost:1"),
        (("--person", "nobody"), "There is no demo person called nobody"),
        (("--start", "nowhere"), "There is no portal called nowhere"),
    ],
)
def test_what_keeps_it_from_beginning_is_one_line(
    region: RegionThread, arguments: tuple[str, ...], sentence: str
) -> None:
    done = tour(region, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
