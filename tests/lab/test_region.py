"""The region in one process: five services on ports of their own, each of which can go down and come back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lab.region import RegionThread
from tests.conftest import HttpFactory, RegionFactory
from tests.rules.tracked import ROOT


def test_five_services_answer_under_their_own_names(region: RegionThread, http: HttpFactory) -> None:
    assert region.portal_names == ("beijing", "tianjin", "hebei", "xiongan")
    with http() as client:
        for name in ("idp", *region.portal_names):
            assert re.fullmatch(rf"http://{name}\.localhost:\d+", region.address(name))
            assert client.get(f"{region.address(name)}/healthz").status_code == 200


def test_one_portal_goes_down_and_comes_back_with_its_key(make_region: RegionFactory, http: HttpFactory) -> None:
    region = make_region()
    client = http()
    keys = client.get(f"{region.address('hebei')}/jwks").json()
    region.stop_service("hebei")
    with pytest.raises(httpx.ConnectError):
        client.get(f"{region.address('hebei')}/healthz")
    assert client.get(f"{region.address('tianjin')}/healthz").status_code == 200
    region.start_service("hebei")
    assert client.get(f"{region.address('hebei')}/jwks").json() == keys


def test_a_restart_keeps_the_keys(make_region: RegionFactory, http: HttpFactory, tmp_path: Path) -> None:
    client = http()
    before = make_region(tmp_path / "kept")
    documents = {name: client.get(f"{before.address(name)}/jwks").json() for name in ("idp", "beijing")}
    before.stop()
    after = make_region(tmp_path / "kept")
    assert {name: client.get(f"{after.address(name)}/jwks").json() for name in documents} == documents


def test_two_regions_live_side_by_side(region: RegionThread, make_region: RegionFactory, http: HttpFactory) -> None:
    other = make_region()
    assert other.issuer != region.issuer
    client = http()
    keys = [client.get(f"{one.issuer}/jwks").json()["keys"][0]["kid"] for one in (region, other)]
    assert keys[0] != keys[1]


TAKEN = "is taken by another program"


def test_up_shows_where_to_go_and_ends_on_ctrl_c(make_region: RegionFactory, tmp_path: Path) -> None:
    errors = TAKEN
    while TAKEN in errors:
        # Whatever other tests are at work may have taken a port in between.
        spare = make_region()
        base = int(spare.issuer.rsplit(":", 1)[1])
        spare.stop()
        program = subprocess.Popen(
            [sys.executable, "-m", "lab.cli", "up", "--port-base", str(base)],
            cwd=ROOT,
            env={**os.environ, "MANYOU_VAR": str(tmp_path / "up"), "COLUMNS": "160", "PYTHONUNBUFFERED": "1"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with program:
            assert program.stdout is not None
            shown = ""
            for line in program.stdout:
                shown += line
                if "Ctrl-C" in line:
                    break
            program.send_signal(signal.SIGINT)
            rest, errors = program.communicate(timeout=30)
    assert (program.returncode, errors) == (0, "")
    for offset, name in enumerate(("idp", "beijing", "tianjin", "hebei", "xiongan")):
        assert f"http://{name}.localhost:{base + offset}" in shown
    for username in ("li.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan", "manyou-demo"):
        assert username in shown
    assert "INFO" not in shown + rest
