"""One trace id for what belongs together, in the logs of portal and provider (W3C Trace Context)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from web import logs

Line = dict[str, Any]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Log:
    """The product's own log, to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, logger: str, beginning: str) -> list[Line]:
        """Return the lines of a logger whose message begins so."""
        read = [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
        return [line for line in read if line["logger"] == logger and line["message"].startswith(beginning)]

    def traces(self, logger: str, beginning: str) -> set[str]:
        """Return the traces of those lines; each has one."""
        return {line["trace_id"] for line in self.lines(logger, beginning)}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    logs.to_file(tmp_path / "manyou.log")
    yield Log(tmp_path / "manyou.log")
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level


@pytest.fixture
def own(log: Log, make_region: RegionFactory) -> RegionThread:
    """A region whose lines are in the log."""
    region: RegionThread = make_region()
    return region


def test_a_sign_in_has_one_trace_at_portal_and_provider(own: RegionThread, log: Log, person: PersonFactory) -> None:
    walker = person(own)
    walker.roam(["beijing", "tianjin"])
    for portal in ("beijing", "tianjin"):
        [signed_in] = log.lines("portals", f"signed_in portal={portal}")
        [issued] = log.lines("idp.audit", f"issued client_id='{portal}' grant='authorization_code'")
        assert signed_in["trace_id"] == issued["trace_id"]
    assert len(log.traces("portals", "signed_in")) == 2


def test_the_trace_that_a_browser_brings_goes_on_to_the_provider(
    own: RegionThread, log: Log, person: PersonFactory
) -> None:
    walker = person(own)
    walker.at("beijing", "/login", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert log.traces("idp.audit", "issued client_id='beijing' grant='pushed_request'") == {TRACE}


def test_a_malformed_trace_is_replaced_and_written_nowhere(own: RegionThread, log: Log, person: PersonFactory) -> None:
    person(own).at("beijing", "/login", headers={"traceparent": f"00-{TRACE}-{PARENT}-01-more"})
    [found] = log.traces("idp.audit", "issued client_id='beijing' grant='pushed_request'")
    assert found != TRACE


def test_a_log_out_has_one_trace_at_provider_and_portal(own: RegionThread, log: Log, person: PersonFactory) -> None:
    walker = person(own)
    walker.roam(["beijing", "tianjin"])
    walker.log_out("beijing")
    assert eventually(lambda: len(log.lines("idp.audit", "logout.delivered")) == 2)
    told = {line["trace_id"] for line in log.lines("portals", "backchannel_logout")}
    assert told == log.traces("idp.audit", "logout.delivered")
    assert len(told) == 2


@pytest.mark.parametrize(
    ("name", "path", "logger", "beginning"),
    [
        ("beijing", "/callback?code=x&state=y", "portals", "problem"),
        ("idp", "/authorize?client_id=nobody", "idp.audit", "page.refused"),
    ],
)
def test_the_page_with_the_incident_has_the_trace_of_its_line(
    own: RegionThread, log: Log, person: PersonFactory, name: str, path: str, logger: str, beginning: str
) -> None:
    walker = person(own)
    walker.at(name, path)
    [line] = [one for one in log.lines(logger, beginning) if walker.read("incident") in one["message"]]
    assert walker.read("trace") == line["trace_id"]
