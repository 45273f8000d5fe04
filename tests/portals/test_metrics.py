"""What a portal counts, and to whom it tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from portals.app import create_app
from portals.client_key import public_jwks
from portals.portal import find, load
from portals.settings import Settings
from tests.portals.conftest import BEIJING, Running
from tests.portals.provider_double import ProviderDouble
from tests.portals.test_whoami import ask, good
from tests.scrape import SHOWN, TOKEN, Scrape
from web.clock import SettableClock


@pytest.fixture
async def told(provider: ProviderDouble, tmp_path: Path) -> AsyncIterator[Running]:
    """A portal with MANYOU_METRICS_TOKEN set."""
    settings = Settings(var=tmp_path / "told", issuer=provider.issuer, metrics_token=TOKEN)
    clock = SettableClock(1_800_000_000.0)
    provider.clock = clock
    app = create_app(load(find("beijing", settings), settings), settings, clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BEIJING)
        running = Running(app, await stack.enter_async_context(http), clock, provider)
        provider.client_jwks = public_jwks(running.parts.key)
        yield running


async def look(portal: Running) -> Scrape:
    return Scrape(await portal.http.get("/metrics", headers=SHOWN))


async def test_without_the_setting_there_is_no_such_page(portal: Running) -> None:
    assert (await portal.http.get("/metrics", headers=SHOWN)).status_code == 404


async def test_whoever_does_not_show_the_token_is_told_nothing_rfc6750_3(told: Running) -> None:
    for headers in ({}, {"authorization": f"Bearer {TOKEN}x"}):
        answer = await told.http.get("/metrics", headers=headers)
        assert answer.status_code == 401
        assert "manyou_" not in answer.text


async def test_a_sign_in_is_counted_with_its_verdict_and_its_calls_to_the_provider(told: Running) -> None:
    assert (await told.sign_in()).status_code == 303
    scrape = await look(told)
    assert scrape.value("manyou_sign_ins_total", level="3") == 1
    assert scrape.value("manyou_verdicts_total", use="id_token", code="token.accepted") == 1
    count = "manyou_provider_call_seconds_count"
    assert {endpoint: scrape.value(count, endpoint=endpoint) > 0 for endpoint in scrape.labels(count, "endpoint")} == {
        "openid-configuration": True, "par": True, "token": True, "userinfo": True, "jwks": True,
    }  # fmt: skip
    requests = "manyou_http_request_seconds_count"
    assert scrape.value(requests, endpoint="/callback", method="GET", status="3xx") == 1


async def test_refused_tokens_are_counted_by_their_code(told: Running) -> None:
    await ask(told, good(told))
    await ask(told, good(told, aud="http://tianjin.localhost:8002/api"))
    await ask(told, "x.y.z")
    scrape, name = await look(told), "manyou_verdicts_total"
    assert scrape.value(name, use="access_token", code="token.accepted") == 1
    assert scrape.value(name, use="access_token", code="token.aud.other_portal") == 1
    assert scrape.value(name, use="access_token") == 3
    assert scrape.value("manyou_problems_total", code="invalid_token") == 2


async def test_a_provider_that_fails_or_is_away_is_counted(told: Running, provider: ProviderDouble) -> None:
    await told.begin()
    provider.failing["/par"] = Response("", 500)
    assert (await told.http.get("/login")).status_code == 503
    provider.stop()
    assert (await told.http.get("/login")).status_code == 503
    scrape = await look(told)
    assert scrape.value("manyou_provider_call_seconds_count", endpoint="par", status="5xx") == 1
    assert scrape.value("manyou_provider_call_seconds_count", endpoint="par", status="failed") == 1
    assert scrape.value("manyou_problems_total", code="provider_unreachable") == 2


async def test_pages_with_parameters_are_counted_by_their_template(told: Running) -> None:
    for code in ("BJ-0101", "no-such", "x" * 30):
        await told.http.get(f"/items/{code}")
    scrape, name = await look(told), "manyou_http_request_seconds_count"
    assert scrape.value(name, endpoint="/items/{code}") == 3
    assert not any("BJ-0101" in one for one in scrape.labels(name, "endpoint"))
