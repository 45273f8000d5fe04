"""More requests at once than a service takes: those taken are answered in bounded time, the rest is refused at once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.provider_process import ProviderProcess, free_base
from tests.faults.sockets import connect, head, read_answer

TAKEN = 8
SENT = 100
LONGEST_SECONDS = 20.0
"""For a hundred answers of which eight are work: far more than they take, for a busy machine."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    place: Path = tmp_path_factory.mktemp("load")
    base, claim = free_base()
    settings = {"MANYOU_REQUESTS": str(TAKEN)}
    if request.param == "postgresql":
        settings["MANYOU_IDP_DATABASE"] = request.getfixturevalue("postgres").fresh()
    with claim, ProviderProcess(place / "var", base, settings) as running:
        yield running


def all_at_once(provider: ProviderProcess, request: bytes, number: int) -> list[tuple[int, dict[str, str], bytes]]:
    """Let `number` requests arrive while the process is held, then let it go; return every answer."""
    with ExitStack() as stack:
        os.kill(provider.pid, signal.SIGSTOP)
        try:
            connections = [stack.enter_context(connect(provider.issuer)) for _ in range(number)]
            for connection in connections:
                connection.sendall(request)
        finally:
            os.kill(provider.pid, signal.SIGCONT)
        return [read_answer(connection) for connection in connections]


def test_what_is_beyond_capacity_is_refused_at_once_and_it_recovers(provider: ProviderProcess) -> None:
    started = time.monotonic()
    answers = all_at_once(provider, head(provider.issuer, "/jwks"), SENT)
    assert time.monotonic() - started < LONGEST_SECONDS
    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= TAKEN
    assert statuses[503] >= SENT // 2
    for status, headers, body in answers:
        if status == 503:
            assert int(headers["retry-after"]) > 0
            assert b'"temporarily_unavailable"' in body
    # After that everybody is served again, one after the other or a few at once.
    assert {status for status, _, _ in all_at_once(provider, head(provider.issuer, "/jwks"), TAKEN)} == {200}
    with provider.http() as http:
        assert http.get(f"{provider.issuer}/healthz").status_code == 200


def test_what_has_to_be_written_is_refused_beyond_capacity_as_well_and_none_of_it_fails(
    provider: ProviderProcess,
) -> None:
    # Each is a refusal that the audit keeps.
    request = head(provider.issuer, "/authorize?client_id=nobody")
    statuses = Counter(status for status, _, _ in all_at_once(provider, request, SENT))
    assert set(statuses) == {400, 503}
    assert statuses[503] >= SENT // 2
    assert {status for status, _, _ in all_at_once(provider, request, TAKEN)} == {400}


def test_people_are_refused_by_a_page_in_both_languages(provider: ProviderProcess) -> None:
    answers = all_at_once(provider, head(provider.issuer, "/", Accept="text/html"), SENT)
    pages = [body.decode() for status, _, body in answers if status == 503]
    assert pages
    assert "现在太忙" in pages[0]
    assert "Too busy just now" in pages[0]
    assert '<html lang="zh-CN">' in pages[0]
